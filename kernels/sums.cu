// Sums over the P rows of C channels.

template <typename T> __global__ void row_sums(Size P, int C, real<T>* partial, const T* x) {
  sum_rows<1>(P, C, partial, [=](Size i, int, real<T>* sums) { sums[0] += real<T>(x[i]); });
}

template <typename T> __global__ void channel_sums(Size C, T* s, const real<T>* partial, int splits) {
  EACH(c, C) s[c] = real<T>(total_of<1>(partial, splits, C, c, 0));
}
