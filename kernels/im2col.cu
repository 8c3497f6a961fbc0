// im2col and its adjoint, for who asks for the columns; the convolutions make none.
// strides (n, c, h, w) of the pictures, in elements: they lie in any order.

struct Strides {
  Size n, c, h, w;
};

template <typename T> __global__ void im2col(Size N, T* cols, const T* x, Geometry g, Strides s) {
  unsigned count = g.C * g.KH * g.KW * g.OH * g.OW;
  EACH_OF_PICTURE(n, i, N, count) {
    unsigned t = i;
    int ox = t % g.OW, oy = (t /= g.OW) % g.OH, kx = (t /= g.OH) % g.KW, ky = (t /= g.KW) % g.KH, c = t / g.KH;
    int py = oy * g.SH - g.top + ky * g.DH, px = ox * g.SW - g.left + kx * g.DW;
    bool inside = py >= 0 && py < g.H && px >= 0 && px < g.W;
    cols[n * count + i] = inside ? x[n * s.n + c * s.c + py * s.h + px * s.w] : T(0);
  }
}

template <typename T> __global__ void col2im(Size N, T* x, const T* cols, Geometry g) {
  unsigned count = g.C * g.H * g.W, columns = g.C * g.KH * g.KW * g.OH * g.OW;
  EACH_OF_PICTURE(n, i, N, count) {
    int ix = i % g.W, iy = i / g.W % g.H, c = i / g.W / g.H;
    real<T> sum = 0;
    for (int ky = 0; ky < g.KH; ky++) {
      int oy = output_at(iy, ky, g.SH, g.DH, g.top, g.OH);
      if (oy < 0) continue;
      for (int kx = 0; kx < g.KW; kx++) {
        int ox = output_at(ix, kx, g.SW, g.DW, g.left, g.OW);
        if (ox >= 0) sum += real<T>(cols[n * columns + (((c * g.KH + ky) * g.KW + kx) * g.OH + oy) * g.OW + ox]);
      }
    }
    x[n * count + i] = sum;
  }
}
