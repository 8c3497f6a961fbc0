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

// The largest x of a row, and ln sum e^(x - largest): every lane gets both.
template <typename T> __device__ void log_of_sum(const T* x, Size K, int lane, real<T>& largest, real<T>& log_sum) {
  real<T> m = -INFINITY, s = 0;
  for (Size k = lane; k < K; k += 32) m = larger<real<T>>(x[k], m);
  m = warp_max(m);
  for (Size k = lane; k < K; k += 32) s += exp(real<T>(x[k]) - m);
  largest = m;
  log_sum = log(warp_sum(s));
}

template <typename T> __global__ void softmax(Size rows, Size K, T* y, const T* x) {
  int lane = threadIdx.x % 32;
  for (Size row = (blockIdx.x * (Size)blockDim.x + threadIdx.x) / 32; row < rows; row += gridDim.x * (blockDim.x / 32)) {
    real<T> largest, log_sum;
    log_of_sum(x + row * K, K, lane, largest, log_sum);
    for (Size k = lane; k < K; k += 32) y[row * K + k] = exp(real<T>(x[row * K + k]) - largest - log_sum);
  }
}

template <typename T> __global__ void log_softmax(Size rows, Size K, T* y, const T* x) {
  int lane = threadIdx.x % 32;
  for (Size row = (blockIdx.x * (Size)blockDim.x + threadIdx.x) / 32; row < rows; row += gridDim.x * (blockDim.x / 32)) {
    real<T> largest, log_sum;
    log_of_sum(x + row * K, K, lane, largest, log_sum);
    for (Size k = lane; k < K; k += 32) y[row * K + k] = real<T>(x[row * K + k]) - largest - log_sum;
  }
}
