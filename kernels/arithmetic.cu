// y = a + b, in the order of memory
template <typename T> __global__ void add(Size n, T* y, const T* a, const T* b) {
  EACH(i, n) y[i] = real<T>(a[i]) + real<T>(b[i]);
}
