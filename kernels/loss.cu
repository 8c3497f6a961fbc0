// Cross entropy: a warp for each row of K logits.

template <typename T> __global__ void cross_entropy(Size rows, Size K, T* loss, T* p, const T* x, const T* t) {
  EACH_ROW(row, rows) {
    real<T> largest, sum, total = 0;
    sum_of_exp(x + row * K, K, largest, sum);
    for (Size k = LANE; k < K; k += 32) {
      Size i = row * K + k;
      real<T> z = real<T>(x[i]) - largest, share = t[i];
      p[i] = exp(z) / sum;
      if (share != 0) total += share * (log(sum) - z);
    }
    total = warp_sum(total);
    if (LANE == 0) loss[row] = total;
  }
}

// A label that is no class makes the loss NaN.
template <typename T>
__global__ void cross_entropy_labels(Size rows, Size K, T* loss, T* p, const T* x, const long long* labels) {
  EACH_ROW(row, rows) {
    real<T> largest, sum;
    sum_of_exp(x + row * K, K, largest, sum);
    for (Size k = LANE; k < K; k += 32) p[row * K + k] = exp(real<T>(x[row * K + k]) - largest) / sum;
    if (LANE == 0) {
      long long label = labels[row];
      loss[row] = label >= 0 && label < K ? log(sum) - (real<T>(x[row * K + label]) - largest) : real<T>(NAN);
    }
  }
}

template <typename T>
__global__ void cross_entropy_labels_input(Size rows, Size K, T* dx, const T* dloss, const T* p, const long long* labels) {
  EACH_ROW(row, rows) {
    real<T> d = dloss[row];
    for (Size k = LANE; k < K; k += 32) dx[row * K + k] = d * (real<T>(p[row * K + k]) - (k == labels[row]));
  }
}
