// What stands before the text of every file of CUDA kernels: types, sharing out work, sums over threads.
// No file includes another, so that NVRTC, nvcc and the tests on the CPU take the same text.

typedef long long Size; // how many, and where, in arrays that may have more than 2^31 elements

// Half precision is for storage: every load is widened to float, and every store rounded to nearest, ties to even.
struct float16 {
  unsigned short bits;
  float16() = default;
#ifdef __CUDA_ARCH__
  __device__ float16(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
  __device__ operator float() const {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
  }
#else // on the CPU, in tests
  float16(float x) { _Float16 h = x; __builtin_memcpy(&bits, &h, 2); }
  operator float() const { _Float16 h; __builtin_memcpy(&h, &bits, 2); return h; }
#endif
};

// real<T>: what numbers stored as T are computed in.
template <typename T> struct Real { typedef float type; };
template <> struct Real<double> { typedef double type; };
template <typename T> using real = typename Real<T>::type;

#ifndef INFINITY // NVRTC comes without math.h's constants
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#endif

// For each i below n; the grid's threads take turns, however many there are.
#define EACH(i, n) for (Size i = blockIdx.x * (Size)blockDim.x + threadIdx.x; i < (n); i += (Size)gridDim.x * blockDim.x)

// ---------------------------------------------------------------- over the 32 lanes of a warp

#define ALL_LANES 0xffffffffu

// Every lane gets the result, by the same tree of additions: the same bits each time.
template <typename R> __device__ R warp_sum(R a) {
  for (int lanes = 16; lanes > 0; lanes /= 2) a += __shfl_xor_sync(ALL_LANES, a, lanes);
  return a;
}

template <typename R> __device__ R larger(R a, R b) { return a > b || a != a ? a : b; } // a NaN wins

template <typename R> __device__ R warp_max(R a) {
  for (int lanes = 16; lanes > 0; lanes /= 2) a = larger(a, __shfl_xor_sync(ALL_LANES, a, lanes));
  return a;
}

// For each of so many rows; the 32 lanes of a warp work on the same one.
#define EACH_ROW(row, rows) \
  for (Size row = (blockIdx.x * (Size)blockDim.x + threadIdx.x) / 32; row < (rows); row += gridDim.x * (blockDim.x / 32))
#define LANE (threadIdx.x % 32)

// Of a row of K numbers, the largest, and the sum of e^(x - largest): every lane gets both.
template <typename T> __device__ void sum_of_exp(const T* x, Size K, real<T>& largest, real<T>& sum) {
  real<T> m = -INFINITY, s = 0;
  for (Size k = LANE; k < K; k += 32) m = larger<real<T>>(x[k], m);
  largest = warp_max(m);
  for (Size k = LANE; k < K; k += 32) s += exp(real<T>(x[k]) - largest);
  sum = warp_sum(s);
}

// ---------------------------------------------------------------- over many arrays in one launch

// The arrays of up to 48 parameters (_table_cuda.py makes it): addresses, sizes, two numbers for each, and the first
// of the blocks that work on it, of which each has 4096 elements.
template <typename T> struct Table {
  T* address[5][48];
  Size n[48];
  double own[2][48];
  int first[49];
};

// For this block's elements j of parameter i. (The search is short, and cached, beside what the block then moves.)
#define EACH_OF_TABLE(i, j)                                                                        \
  int i = 0;                                                                                       \
  while ((int)blockIdx.x >= table.first[i + 1]) i++;                                               \
  Size begin_ = (blockIdx.x - table.first[i]) * (Size)4096, end_ = min(begin_ + 4096, table.n[i]); \
  for (Size j = begin_ + threadIdx.x; j < end_; j += blockDim.x)

// ---------------------------------------------------------------- over the P rows of a table with C columns

// A thread keeps to one column, and a block to 256 of them (of fewer, to several rows at a time), so that neighbours
// read neighbours. blockIdx.x is the tile of columns, blockIdx.y the first of the rows.
#define EACH_OF_COLUMN(p, column, P, C)                                                              \
  int width_ = min((C), 256), lanes_ = 256 / width_, column = blockIdx.x * 256 + threadIdx.x % width_; \
  if ((int)threadIdx.x < lanes_ * width_ && column < (C))                                              \
    for (Size p = blockIdx.y * (Size)lanes_ + threadIdx.x / width_; p < (P); p += gridDim.y * (Size)lanes_)

// partial[blockIdx.y][v][column], the sums that term(place, column, sums) adds up over this block's rows. They are
// added up in the same order each time, whichever thread comes first.
template <int V, typename R, typename Term> __device__ void sum_rows(Size P, int C, R* partial, Term term) {
  __shared__ R s[V][256];
  R sums[V] = {};
  EACH_OF_COLUMN(p, column, P, C) term(p * C + column, column, sums);
  for (int v = 0; v < V; v++) s[v][threadIdx.x] = sums[v];
  __syncthreads();
  if ((int)threadIdx.x >= width_ || column >= C) return;
  for (int v = 0; v < V; v++) {
    R total = 0;
    for (int lane = 0; lane < lanes_; lane++) total += s[v][lane * width_ + threadIdx.x];
    partial[(blockIdx.y * V + v) * (Size)C + column] = total;
  }
}

// The v-th sum of a column over all blocks.
template <int V, typename R> __device__ double total_of(const R* partial, int splits, int C, int column, int v) {
  double total = 0;
  for (int split = 0; split < splits; split++) total += partial[(split * V + v) * (Size)C + column];
  return total;
}

// ---------------------------------------------------------------- over pictures

// A window on pictures (H, W, C) -> (OH, OW, ...): geometry.py's Window and the sizes; _geometry_cuda.py makes it.
struct Geometry {
  int C, H, W, OH, OW, KH, KW, SH, SW, DH, DW, top, left;
};

// For each of N pictures and each i below count in it; a picture has fewer than 2^31 elements, so that i is divided fast.
#define EACH_OF_PICTURE(n, i, N, count)              \
  for (Size n = blockIdx.y; n < (N); n += gridDim.y) \
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += gridDim.x * blockDim.x)

// Which output of a window reads input pixel i by its tap k; -1 if none does.
__device__ inline int output_at(int i, int k, int S, int D, int before, int outputs) {
  int o = i + before - k * D;
  if (o < 0 || o % S) return -1;
  return o / S < outputs ? o / S : -1;
}
