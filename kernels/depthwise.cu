// Depthwise convolution of channels-last pictures: a filter for each channel. w lies as (KH, KW, C).

template <typename T>
__global__ void depthwise(Size N, T* y, const T* x, const T* w, const T* b, Geometry g, bool relu) {
  unsigned count = g.OH * g.OW * g.C;
  EACH_OF_PICTURE(n, i, N, count) {
    int c = i % g.C, ox = i / g.C % g.OW, oy = i / g.C / g.OW;
    real<T> sum = b ? real<T>(b[c]) : real<T>(0);
    for (int ky = 0; ky < g.KH; ky++)
      for (int kx = 0; kx < g.KW; kx++) {
        int py = oy * g.SH - g.top + ky * g.DH, px = ox * g.SW - g.left + kx * g.DW;
        if (py < 0 || py >= g.H || px < 0 || px >= g.W) continue;
        sum += real<T>(w[(ky * g.KW + kx) * g.C + c]) * real<T>(x[((n * g.H + py) * g.W + px) * g.C + c]);
      }
    y[n * count + i] = relu && sum <= 0 ? real<T>(0) : sum;
  }
}

template <typename T> __global__ void depthwise_input(Size N, T* dx, const T* dy, const T* w, Geometry g) {
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
        sum += real<T>(w[(ky * g.KW + kx) * g.C + c]) * real<T>(dy[((n * g.OH + oy) * g.OW + ox) * g.C + c]);
      }
    }
    dx[n * count + i] = sum;
  }
}

// partial[tap][split][channel]; blockIdx.z is the tap.
template <typename T>
__global__ void depthwise_weight(Size pixels, int C, real<T>* partial, const T* dy, const T* x, Geometry g) {
  int ky = blockIdx.z / g.KW, kx = blockIdx.z % g.KW;
  partial += blockIdx.z * (Size)gridDim.y * C;
  sum_rows<1>(pixels, C, partial, [=](Size i, int c, real<T>* sums) {
    Size p = i / C, n = p / (g.OH * g.OW);
    int place = p - n * (g.OH * g.OW);
    int py = place / g.OW * g.SH - g.top + ky * g.DH, px = place % g.OW * g.SW - g.left + kx * g.DW;
    if (py >= 0 && py < g.H && px >= 0 && px < g.W)
      sums[0] += real<T>(dy[i]) * real<T>(x[((n * g.H + py) * g.W + px) * g.C + c]);
  });
}

template <typename T> __global__ void sum_of_parts(Size n, T* dw, const real<T>* partial, int splits, int C) {
  EACH(i, n) {
    real<T> sum = 0;
    for (int split = 0; split < splits; split++) sum += partial[(i / C * splits + split) * C + i % C];
    dw[i] = sum;
  }
}
