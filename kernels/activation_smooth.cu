// Smooth activation functions: a thread for each element, in the order of memory.

template <typename R> __device__ R logistic(R x) { return R(0.5) * (1 + tanh(R(0.5) * x)); } // cannot overflow

template <typename T> __global__ void silu(Size n, T* y, const T* x) {
  EACH(i, n) {
    real<T> a = x[i];
    y[i] = a * logistic(a);
  }
}

template <typename T> __global__ void silu_input(Size n, T* dx, const T* dy, const T* x) {
  EACH(i, n) {
    real<T> a = x[i], s = logistic(a);
    dx[i] = real<T>(dy[i]) * s * (1 + a * (1 - s));
  }
}

template <typename T> __global__ void softplus(Size n, T* y, const T* x, real<T> beta, real<T> threshold) {
  EACH(i, n) {
    real<T> a = x[i], z = beta * a;
    real<T> log = (z > 0 ? z : real<T>(0)) + log1p(exp(z > 0 ? -z : z)); // e^|z| could overflow
    y[i] = z > threshold ? a : log / beta;
  }
}

template <typename T> __global__ void normal_cdf(Size n, T* y, const T* x) {
  EACH(i, n) y[i] = real<T>(0.5) * erfc(real<T>(x[i]) * -real<T>(0.70710678118654752440));
}
