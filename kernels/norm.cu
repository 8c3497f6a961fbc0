// Batch normalisation of P rows (pixels) of C channels.

// Around the first row's numbers: sums of x^2 alone would lose all digits where mean^2 >> var.
template <typename T> __global__ void deviations(Size P, int C, real<T>* partial, const T* x) {
  sum_rows<2>(P, C, partial, [=](Size i, int c, real<T>* sums) {
    real<T> d = real<T>(x[i]) - real<T>(x[c]);
    sums[0] += d;
    sums[1] += d * d;
  });
}

template <typename T>
__global__ void mean_and_var(Size C, real<T>* mean, real<T>* var, const real<T>* partial, const T* x, int splits, Size P) {
  EACH(c, C) {
    double rest = total_of<2>(partial, splits, C, c, 0) / P, v = total_of<2>(partial, splits, C, c, 1) / P - rest * rest;
    mean[c] = real<T>(x[c]) + rest;
    var[c] = v < 0 ? 0 : v; // a NaN stays
  }
}

template <typename T>
__global__ void batch_norm(Size P, int C, T* y, const T* x, const real<T>* mean, const real<T>* var,
                           const real<T>* weight, const real<T>* bias, real<T> eps, const T* residual, bool relu) {
  EACH_OF_COLUMN(p, c, P, C) {
    Size i = p * C + c;
    real<T> a = (real<T>(x[i]) - mean[c]) * (weight[c] / sqrt(var[c] + eps)) + bias[c];
    if (residual) a += real<T>(residual[i]);
    y[i] = relu && a <= 0 ? real<T>(0) : a;
  }
}

// dy counts only where y, what relu gave, is above 0.
template <typename T> __device__ real<T> passed(const T* dy, const T* y, Size i) {
  return y && !(real<T>(y[i]) > 0) ? real<T>(0) : real<T>(dy[i]);
}

template <typename T>
__global__ void gradient_sums(Size P, int C, real<T>* partial, const T* dy, const T* x, const T* y, const real<T>* mean,
                              const real<T>* var, real<T> eps) {
  sum_rows<2>(P, C, partial, [=](Size i, int c, real<T>* sums) {
    real<T> d = passed(dy, y, i);
    sums[0] += d;
    sums[1] += d * ((real<T>(x[i]) - mean[c]) / sqrt(var[c] + eps));
  });
}

template <typename T>
__global__ void dbias_and_dweight(Size C, real<T>* dbias, real<T>* dweight, const real<T>* partial, int splits) {
  EACH(c, C) {
    dbias[c] = total_of<2>(partial, splits, C, c, 0);
    dweight[c] = total_of<2>(partial, splits, C, c, 1);
  }
}

template <typename T>
__global__ void batch_norm_input(Size P, int C, T* dx, T* dresidual, const T* dy, const T* x, const T* y,
                                 const real<T>* mean, const real<T>* var, const real<T>* weight, const real<T>* dbias,
                                 const real<T>* dweight, real<T> eps) {
  EACH_OF_COLUMN(p, c, P, C) {
    Size i = p * C + c;
    real<T> r = 1 / sqrt(var[c] + eps), z = (real<T>(x[i]) - mean[c]) * r, d = passed(dy, y, i);
    dx[i] = weight[c] * r * (d - (dbias[c] + z * dweight[c]) / P);
    if (dresidual) dresidual[i] = d;
  }
}
