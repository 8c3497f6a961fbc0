// Activation functions: a thread for each element, in the order of memory; softmax: a warp for each row.

template <typename T> __global__ void relu(Size n, T* y, const T* x) {
  EACH(i, n) {
    real<T> a = x[i];
    y[i] = a <= 0 ? real<T>(0) : a; // NaN is not <= 0, and stays
  }
}

template <typename T> __global__ void relu_input(Size n, T* dx, const T* dy, const T* y, real<T> gain) {
  EACH(i, n) dx[i] = y[i] > 0 ? gain * real<T>(dy[i]) : real<T>(0);
}

template <typename T> __global__ void leaky_relu(Size n, T* y, const T* x, real<T> slope) {
  EACH(i, n) {
    real<T> a = x[i];
    y[i] = a > 0 ? a : slope * a;
  }
}

template <typename T> __global__ void leaky_relu_input(Size n, T* dx, const T* dy, const T* x, real<T> slope) {
  EACH(i, n) {
    real<T> d = dy[i];
    dx[i] = x[i] > 0 ? d : slope * d;
  }
}

template <typename T> __global__ void sigmoid(Size n, T* y, const T* x) {
  EACH(i, n) y[i] = real<T>(0.5) * (1 + tanh(real<T>(0.5) * real<T>(x[i]))); // cannot overflow
}

template <typename T> __global__ void sigmoid_input(Size n, T* dx, const T* dy, const T* y) {
  EACH(i, n) {
    real<T> s = y[i];
    dx[i] = real<T>(dy[i]) * s * (1 - s);
  }
}

template <typename T> __global__ void tanh_(Size n, T* y, const T* x) {
  EACH(i, n) y[i] = tanh(real<T>(x[i]));
}

template <typename T> __global__ void tanh_input(Size n, T* dx, const T* dy, const T* y) {
  EACH(i, n) {
    real<T> t = y[i];
    dx[i] = real<T>(dy[i]) * (1 - t * t);
  }
}

// ---------------------------------------------------------------- rows of K numbers

template <typename T> __global__ void softmax(Size rows, Size K, T* y, const T* x) {
  EACH_ROW(row, rows) {
    real<T> largest, sum;
    sum_of_exp(x + row * K, K, largest, sum);
    for (Size k = LANE; k < K; k += 32) y[row * K + k] = exp(real<T>(x[row * K + k]) - largest) / sum;
  }
}

template <typename T> __global__ void log_softmax(Size rows, Size K, T* y, const T* x) {
  EACH_ROW(row, rows) {
    real<T> largest, sum;
    sum_of_exp(x + row * K, K, largest, sum);
    for (Size k = LANE; k < K; k += 32) y[row * K + k] = real<T>(x[row * K + k]) - largest - log(sum);
  }
}
