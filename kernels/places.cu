// Numbers fetched from places, and brought back.

template <typename T> __global__ void from_places(Size n, T* y, const T* x, const long long* place) {
  EACH(i, n) y[i] = place[i] >= 0 ? x[place[i]] : T(0);
}

// order sorts the places. A thread for the first of those that are equal adds them up, one after the other: the same
// bits each time, as atomics would not give.
template <typename T>
__global__ void to_places(Size n, T* x, const T* y, const long long* place, const long long* order) {
  EACH(i, n) {
    long long p = place[order[i]];
    if (p < 0 || (i > 0 && place[order[i - 1]] == p)) continue;
    real<T> sum = 0;
    for (Size j = i; j < n && place[order[j]] == p; j++) sum += real<T>(y[order[j]]);
    x[p] = sum;
  }
}
