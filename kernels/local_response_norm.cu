// Local response normalisation of rows (pixels) of C channels: a thread for each number, which reads its neighbours.

// k + alpha/size sum x[c']^2 over the window of channel c.
template <typename T> __device__ real<T> scale(const T* pixel, int c, int C, int size, real<T> alpha, real<T> k) {
  real<T> sum = 0;
  for (int j = max(c - size / 2, 0); j <= min(c + (size - 1) / 2, C - 1); j++) sum += real<T>(pixel[j]) * real<T>(pixel[j]);
  return k + alpha / size * sum;
}

template <typename T>
__global__ void local_response_norm(Size n, T* y, const T* x, int C, int size, real<T> alpha, real<T> beta, real<T> k) {
  EACH(i, n) {
    int c = i % C;
    y[i] = real<T>(x[i]) * pow(scale(x + i - c, c, C, size, alpha, k), -beta);
  }
}

// First t[c] = dy[c] x[c] s[c]^(-beta - 1), then dx.
template <typename T>
__global__ void weighted(Size n, real<T>* t, const T* dy, const T* x, int C, int size, real<T> alpha, real<T> beta, real<T> k) {
  EACH(i, n) {
    int c = i % C;
    real<T> s = scale(x + i - c, c, C, size, alpha, k);
    t[i] = real<T>(dy[i]) * real<T>(x[i]) * pow(s, -beta) / s;
  }
}

template <typename T>
__global__ void local_response_norm_input(Size n, T* dx, const T* dy, const T* x, const real<T>* t, int C, int size,
                                          real<T> alpha, real<T> beta, real<T> k) {
  EACH(i, n) {
    int c = i % C;
    real<T> s = scale(x + i - c, c, C, size, alpha, k), sum = 0;
    for (int j = max(c - (size - 1) / 2, 0); j <= min(c + size / 2, C - 1); j++) sum += t[i - c + j];
    dx[i] = real<T>(dy[i]) * pow(s, -beta) - 2 * alpha * beta / size * real<T>(x[i]) * sum;
  }
}
