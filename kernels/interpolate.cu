// Lines as weighted sums of other lines: y[a, o, b] = sum_k weights[o, k] x[a, first[o] + k, b], of outer lines a and
// inner numbers b. Weights of 0 are left out, so that a NaN spreads no further than its weights.
template <typename T>
__global__ void resample(Size n, T* y, const T* x, const real<T>* weights, const int* first, int OH, int H, int K,
                         Size inner) {
  EACH(i, n) {
    Size b = i % inner, line = i / inner, a = line / OH;
    int o = line - a * OH;
    real<T> sum = 0;
    for (int k = 0; k < K; k++)
      if (weights[o * K + k] != 0) sum += weights[o * K + k] * real<T>(x[(a * H + first[o] + k) * inner + b]);
    y[i] = sum;
  }
}
