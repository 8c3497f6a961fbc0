// Convolution of channels-last pictures in its three passes, each a product whose left factor is gathered.
//
//   forward  y[p,f]  = sum_q x[p,q] w[q,f]    p a pixel (n, oy, ox), q a tap (ky, kx, c)
//   input    dx[p,c] = sum_q dy[p,q] w[q,c]   p a pixel (n, iy, ix), q a tap (ky, kx, f)
//   weight   dw[q,f] = sum_p x[p,q] dy[p,f]
//
// A group has C channels of x's all_C, and F filters of all_F. w lies as (KH, KW, C, all_F).

struct Pixel {
  Size picture; // where it begins
  int y, x;     // of the first tap
};
struct Tap {
  int y, x, channel;
};

// What the windows read: x at (n, oy*SH + ky*DH - top, ox*SW + kx*DW - left, c), 0 outside the picture.
template <typename T> struct Windows {
  const T* x;
  Geometry g;
  int all_C, C, group;

  __device__ Pixel pixel(Size p) const {
    Size n = p / (g.OH * g.OW);
    int place = p - n * (g.OH * g.OW);
    return {n * g.H * g.W * all_C, place / g.OW * g.SH - g.top, place % g.OW * g.SW - g.left};
  }
  __device__ Tap tap(int q) const { return {q / C / g.KW * g.DH, q / C % g.KW * g.DW, group * C + q % C}; }
  __device__ real<T> at(const Pixel& p, const Tap& q) const {
    int y = p.y + q.y, x_ = p.x + q.x;
    bool inside = y >= 0 && y < g.H && x_ >= 0 && x_ < g.W;
    return inside ? real<T>(x[p.picture + ((Size)y * g.W + x_) * all_C + q.channel]) : real<T>(0);
  }
};

// Where what an input pixel gave went to: dy at the outputs whose windows read it by this tap.
template <typename T> struct Outputs {
  const T* dy;
  Geometry g;
  int all_F, F, group;

  __device__ Pixel pixel(Size p) const {
    Size n = p / (g.H * g.W);
    int place = p - n * (g.H * g.W);
    return {n * g.OH * g.OW * all_F, place / g.W + g.top, place % g.W + g.left};
  }
  __device__ Tap tap(int q) const { return {q / F / g.KW * g.DH, q / F % g.KW * g.DW, group * F + q % F}; }
  __device__ real<T> at(const Pixel& p, const Tap& q) const {
    int y = p.y - q.y, x = p.x - q.x;
    if (y < 0 || x < 0) return 0;
    if (g.SH > 1 || g.SW > 1) {
      if (y % g.SH || x % g.SW) return 0;
      y /= g.SH, x /= g.SW;
    }
    bool inside = y < g.OH && x < g.OW;
    return inside ? real<T>(dy[p.picture + ((Size)y * g.OW + x) * all_F + q.channel]) : real<T>(0);
  }
};

// The left factor: pixels are its rows and taps its columns, or the other way round.
template <typename View> struct PixelsByTaps : View {
  using Row = Pixel;
  using Column = Tap;
  static constexpr bool k_is_fast = true;
  __device__ Row row(Size m) const { return this->pixel(m); }
  __device__ Column column(Size k) const { return this->tap(k); }
};
template <typename View> struct TapsByPixels : View {
  using Row = Tap;
  using Column = Pixel;
  static constexpr bool k_is_fast = false;
  __device__ Row row(Size m) const { return this->tap(m); }
  __device__ Column column(Size k) const { return this->pixel(k); }
  __device__ auto at(const Tap& q, const Pixel& p) const { return View::at(p, q); }
};

// The right factor: rows of numbers `step` apart.
template <typename T> struct Rows {
  static constexpr bool k_is_fast = false;
  const T* first;
  int step;
  __device__ real<T> at(Size k, int n) const { return first[k * step + n]; }
};

// w[q,c] for the input's gradient: of taps q = (ky, kx, f), w at (ky, kx, c, f).
template <typename T> struct TurnedWeights {
  static constexpr bool k_is_fast = true;
  const T* first;
  int C, F, all_F;
  __device__ real<T> at(Size k, int n) const { return first[(k / F * C + n) * all_F + k % F]; }
};

template <typename T, int TN, bool TENSOR>
__global__ void __launch_bounds__(256) conv2d(Size pixels, T* y, const T* x, const T* w, const T* b, Geometry g, int all_C,
                                              int all_F, int groups, bool relu) {
  int C = all_C / groups, F = all_F / groups, group = blockIdx.z;
  PixelsByTaps<Windows<T>> left = {{x, g, all_C, C, group}};
  Rows<T> right = {w + group * F, all_F};
  product<real<T>, TN, TENSOR>(pixels, F, 0, g.KH * g.KW * C, left, right, [=](Size p, int f, real<T> sum) {
    f += group * F;
    if (b) sum += real<T>(b[f]);
    y[p * all_F + f] = relu && sum <= 0 ? real<T>(0) : sum;
  });
}

template <typename T, int TN, bool TENSOR>
__global__ void __launch_bounds__(256) conv2d_input(Size pixels, T* dx, const T* dy, const T* w, Geometry g, int all_C,
                                                    int all_F, int groups) {
  int C = all_C / groups, F = all_F / groups, group = blockIdx.z;
  PixelsByTaps<Outputs<T>> left = {{dy, g, all_F, F, group}};
  TurnedWeights<T> right = {w + group * F, C, F, all_F};
  product<real<T>, TN, TENSOR>(pixels, C, 0, g.KH * g.KW * F, left, right,
                               [=](Size p, int c, real<T> sum) { dx[p * all_C + group * C + c] = sum; });
}

// partial[split][q][f]: the sums over so many pixels at a time. blockIdx.z counts splits, and groups within them.
template <typename T, int TN, bool TENSOR>
__global__ void __launch_bounds__(256) conv2d_weight(Size pixels, real<T>* partial, const T* dy, const T* x, Geometry g,
                                                     int all_C, int all_F, int groups, Size at_a_time) {
  int C = all_C / groups, F = all_F / groups, group = blockIdx.z % groups, split = blockIdx.z / groups;
  int taps = g.KH * g.KW * C;
  TapsByPixels<Windows<T>> left = {{x, g, all_C, C, group}};
  Rows<T> right = {dy + group * F, all_F};
  Size begin = split * at_a_time, end = min(begin + at_a_time, pixels);
  product<real<T>, TN, TENSOR>(taps, F, begin, end, left, right, [=](Size q, int f, real<T> sum) {
    partial[(split * (Size)taps + q) * all_F + group * F + f] = sum;
  });
}

template <typename T> __global__ void sum_of_splits(Size n, T* y, const real<T>* partial, int splits) {
  EACH(i, n) {
    real<T> sum = 0;
    for (int split = 0; split < splits; split++) sum += partial[split * n + i];
    y[i] = sum;
  }
}
