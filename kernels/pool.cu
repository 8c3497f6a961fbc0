// Pooling of channels-last pictures: a thread for each result, which gathers; nothing is added to by several threads.

template <typename T, typename Place>
__global__ void max_pool2d(Size N, T* y, Place* winner, const T* x, Geometry g) {
  unsigned count = g.OH * g.OW * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ox = i / g.C % g.OW, oy = i / g.C / g.OW, iy = oy * g.SH - g.top, ix = ox * g.SW - g.left;
    const T* picture = x + n * g.H * g.W * g.C + c;
    // A window that sees nothing but -inf names its first pixel inside the picture.
    int first_ky = iy < 0 ? min((-iy + g.DH - 1) / g.DH, g.KH - 1) : 0;
    int first_kx = ix < 0 ? min((-ix + g.DW - 1) / g.DW, g.KW - 1) : 0;
    real<T> most = -INFINITY;
    int best = first_ky * g.KW + first_kx;
    for (int ky = 0; ky < g.KH; ky++)
      for (int kx = 0; kx < g.KW; kx++) {
        int py = iy + ky * g.DH, px = ix + kx * g.DW;
        if (py < 0 || py >= g.H || px < 0 || px >= g.W) continue;
        real<T> a = picture[((Size)py * g.W + px) * g.C];
        if (!(a <= most) && most == most) most = a, best = ky * g.KW + kx; // the first of equals; a NaN stays
      }
    y[n * count + i] = most;
    winner[n * count + i] = best;
  }
}

template <typename T, typename Place>
__global__ void max_pool2d_input(Size N, T* dx, const T* dy, const Place* winner, Geometry g) {
  unsigned count = g.H * g.W * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ix = i / g.C % g.W, iy = i / g.C / g.W;
    real<T> sum = 0;
    for (int ky = 0; ky < g.KH; ky++) {
      int oy = output_at(iy, ky, g.SH, g.DH, g.top, g.OH);
      if (oy < 0) continue;
      for (int kx = 0; kx < g.KW; kx++) {
        int ox = output_at(ix, kx, g.SW, g.DW, g.left, g.OW);
        if (ox < 0) continue;
        Size o = ((n * g.OH + oy) * g.OW + ox) * g.C + c;
        if (winner[o] == ky * g.KW + kx) sum += real<T>(dy[o]);
      }
    }
    dx[n * count + i] = sum;
  }
}

template <typename T, typename Place>
__global__ void max_pool2d_gather(Size N, T* y, const T* x, const Place* winner, Geometry g) {
  unsigned count = g.OH * g.OW * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ox = i / g.C % g.OW, oy = i / g.C / g.OW, k = winner[n * count + i];
    int py = oy * g.SH - g.top + k / g.KW * g.DH, px = ox * g.SW - g.left + k % g.KW * g.DW;
    bool inside = py >= 0 && py < g.H && px >= 0 && px < g.W;
    y[n * count + i] = inside ? x[((n * g.H + py) * g.W + px) * g.C + c] : T(0);
  }
}

// divisors (OH, OW), or null: then all are `divisor`.
template <typename T>
__global__ void avg_pool2d(Size N, T* y, const T* x, Geometry g, const real<T>* divisors, real<T> divisor) {
  unsigned count = g.OH * g.OW * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ox = i / g.C % g.OW, oy = i / g.C / g.OW;
    real<T> sum = 0;
    for (int ky = 0; ky < g.KH; ky++)
      for (int kx = 0; kx < g.KW; kx++) {
        int py = oy * g.SH - g.top + ky * g.DH, px = ox * g.SW - g.left + kx * g.DW;
        if (py >= 0 && py < g.H && px >= 0 && px < g.W) sum += real<T>(x[((n * g.H + py) * g.W + px) * g.C + c]);
      }
    y[n * count + i] = sum / (divisors ? divisors[oy * g.OW + ox] : divisor);
  }
}

template <typename T>
__global__ void avg_pool2d_input(Size N, T* dx, const T* dy, Geometry g, const real<T>* divisors, real<T> divisor) {
  unsigned count = g.H * g.W * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ix = i / g.C % g.W, iy = i / g.C / g.W;
    real<T> sum = 0;
    for (int ky = 0; ky < g.KH; ky++) {
      int oy = output_at(iy, ky, g.SH, g.DH, g.top, g.OH);
      if (oy < 0) continue;
      for (int kx = 0; kx < g.KW; kx++) {
        int ox = output_at(ix, kx, g.SW, g.DW, g.left, g.OW);
        if (ox < 0) continue;
        real<T> d = dy[((n * g.OH + oy) * g.OW + ox) * g.C + c];
        sum += d / (divisors ? divisors[oy * g.OW + ox] : divisor);
      }
    }
    dx[n * count + i] = sum;
  }
}
