// Pictures turned, zoomed, shifted and sheared, (N, C, H, W) in any order of memory; computed in double, as everywhere.

struct Steps { // in elements, from one picture, channel, row, column to the next
  Size n, c, h, w;
};

enum { CONSTANT, EDGE, REFLECT, WRAP };

__device__ inline Size inside(Size k, int size, int mode) {
  if (mode == WRAP) return (k % size + size) % size;
  if (mode == REFLECT && size > 1) {
    int period = 2 * size - 2;
    k = (k % period + period) % period;
    return min(k, period - k);
  }
  return min(max(k, (Size)0), (Size)size - 1);
}

template <typename T>
__device__ double pixel_at(const T* picture, double p, double q, int H, int W, Steps s, int mode, double fill) {
  Size y = (Size)p, x = (Size)q;
  if (mode == CONSTANT && (y < 0 || y >= H || x < 0 || x >= W)) return fill;
  return (double)picture[inside(y, H, mode) * s.h + inside(x, W, mode) * s.w];
}

// The result is C-contiguous. round: to whole numbers from 0 to 255
template <typename T>
__global__ void affine_warp(Size N, T* y, const T* x, const double* A, int C, int H, int W, Steps s, bool nearest,
                            int mode, double fill, bool round) {
  unsigned count = C * H * W;
  EACH_OF_PICTURE(n, i, N, count) {
    int column = i % W, row = i / W % H, c = i / W / H;
    const double* a = A + 6 * n;
    const T* picture = x + n * s.n + c * s.c;
    double p = a[0] * row + a[1] * column + a[2], q = a[3] * row + a[4] * column + a[5], result;
    if (nearest)
      result = pixel_at(picture, floor(p + 0.5), floor(q + 0.5), H, W, s, mode, fill);
    else {
      double p0 = floor(p), q0 = floor(q), u = p - p0, v = q - q0;
      double upper = (1 - v) * pixel_at(picture, p0, q0, H, W, s, mode, fill) +
                     v * pixel_at(picture, p0, q0 + 1, H, W, s, mode, fill);
      double lower = (1 - v) * pixel_at(picture, p0 + 1, q0, H, W, s, mode, fill) +
                     v * pixel_at(picture, p0 + 1, q0 + 1, H, W, s, mode, fill);
      result = (1 - u) * upper + u * lower;
    }
    if (round) result = min(max(rint(result), 0.0), 255.0);
    y[n * count + i] = (T)(real<T>)result;
  }
}
