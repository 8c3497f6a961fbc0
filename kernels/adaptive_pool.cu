// Adaptive pooling of channels-last pictures: a thread for each result. Of a Geometry, C, H, W, OH and OW count here.

// Bin o reads the rows from first_of(o) to before first_of_next(o).
__device__ inline int first_of(int o, int size, int outputs) { return (long long)o * size / outputs; }
__device__ inline int first_of_next(int o, int size, int outputs) {
  return ((long long)(o + 1) * size + outputs - 1) / outputs;
}

template <typename T> __global__ void adaptive_max_pool2d(Size N, T* y, long long* winner, const T* x, Geometry g) {
  unsigned count = g.OH * g.OW * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ox = i / g.C % g.OW, oy = i / g.C / g.OW, best = -1;
    real<T> most = 0;
    for (int py = first_of(oy, g.H, g.OH); py < first_of_next(oy, g.H, g.OH); py++)
      for (int px = first_of(ox, g.W, g.OW); px < first_of_next(ox, g.W, g.OW); px++) {
        real<T> a = x[((n * g.H + py) * g.W + px) * g.C + c];
        if (best < 0 || (!(a <= most) && most == most)) most = a, best = py * g.W + px; // the first of equals; NaN stays
      }
    y[n * count + i] = most;
    winner[n * count + i] = best;
  }
}

template <typename T> __global__ void adaptive_avg_pool2d(Size N, T* y, const T* x, Geometry g) {
  unsigned count = g.OH * g.OW * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ox = i / g.C % g.OW, oy = i / g.C / g.OW;
    int top = first_of(oy, g.H, g.OH), bottom = first_of_next(oy, g.H, g.OH);
    int left = first_of(ox, g.W, g.OW), right = first_of_next(ox, g.W, g.OW);
    real<T> sum = 0;
    for (int py = top; py < bottom; py++)
      for (int px = left; px < right; px++) sum += real<T>(x[((n * g.H + py) * g.W + px) * g.C + c]);
    y[n * count + i] = sum / ((bottom - top) * (right - left));
  }
}

template <typename T> __global__ void adaptive_avg_pool2d_input(Size N, T* dx, const T* dy, Geometry g) {
  unsigned count = g.H * g.W * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, px = i / g.C % g.W, py = i / g.C / g.W;
    real<T> sum = 0;
    // The first bin that can read row py is the one that begins last at or before it, less one for an overlap.
    for (int oy = max((long long)py * g.OH / g.H - 1, 0LL); oy < g.OH && first_of(oy, g.H, g.OH) <= py; oy++) {
      int rows = first_of_next(oy, g.H, g.OH) - first_of(oy, g.H, g.OH);
      if (first_of_next(oy, g.H, g.OH) <= py) continue;
      for (int ox = max((long long)px * g.OW / g.W - 1, 0LL); ox < g.OW && first_of(ox, g.W, g.OW) <= px; ox++) {
        int columns = first_of_next(ox, g.W, g.OW) - first_of(ox, g.W, g.OW);
        if (first_of_next(ox, g.W, g.OW) <= px) continue;
        sum += real<T>(dy[((n * g.OH + oy) * g.OW + ox) * g.C + c]) / (rows * columns);
      }
    }
    dx[n * count + i] = sum;
  }
}
