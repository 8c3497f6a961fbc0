// Activation functions with a corner: a thread for each element, in the order of memory.

template <typename T> __global__ void relu6(Size n, T* y, const T* x) {
  EACH(i, n) {
    real<T> a = x[i];
    y[i] = a <= 0 ? real<T>(0) : a >= 6 ? real<T>(6) : a; // NaN stays
  }
}

template <typename T> __global__ void relu6_input(Size n, T* dx, const T* dy, const T* y) {
  EACH(i, n) {
    real<T> a = y[i];
    dx[i] = a > 0 && a < 6 ? real<T>(dy[i]) : real<T>(0);
  }
}

// weight (C,) of rows of C channels, or one for all: C = 1
template <typename T> __global__ void prelu(Size n, T* y, const T* x, const T* weight, int C) {
  EACH(i, n) {
    real<T> a = x[i];
    y[i] = a > 0 ? a : real<T>(weight[i % C]) * a;
  }
}

template <typename T> __global__ void elu(Size n, T* y, const T* x, real<T> alpha) {
  EACH(i, n) {
    real<T> a = x[i];
    y[i] = a > 0 ? a : alpha * expm1(a);
  }
}

template <typename T> __global__ void elu_input(Size n, T* dx, const T* dy, const T* y, real<T> alpha) {
  EACH(i, n) {
    real<T> a = y[i], d = dy[i];
    dx[i] = a > 0 ? d : d * (a + alpha);
  }
}
