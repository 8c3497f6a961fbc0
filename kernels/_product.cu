// A product Y[m,n] = sum_k A[m,k] B[k,n] of which A is gathered from pictures: nobody stores it.
//
// A block of 256 threads makes a tile of 128 x 16 TN results, 16 k's at a time: their part of A and B is brought into
// shared memory, from where each number is used 16 TN and 128 times. SIMT: each thread has 8 x TN sums in registers.
// Tensor cores (from sm_80 on): each of 8 warps has a tile of 32 x 8 TN, of products of 16 x 8 x 8 in TF32, which has
// float's range and 10 bits after the point; they are added up in float.

#define TILE_M 128
#define TILE_K 16
#define PAD 8 // so that the rows of a tile begin in different banks of shared memory

// x with TF32's 10 bits after the point, rounded to nearest.
__device__ inline float tf32(float x) {
#ifdef __CUDA_ARCH__
#if __CUDA_ARCH__ >= 800
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
#else
  return x;
#endif
#else
  unsigned bits;
  __builtin_memcpy(&bits, &x, 4);
  bits = (bits + 0x1000u) & ~0x1fffu;
  __builtin_memcpy(&x, &bits, 4);
  return x;
#endif
}

// c += a b for a (16, 8), b (8, 8), c (16, 8), spread over the lanes of a warp: with g = lane / 4 and t = lane % 4,
// a[0..3] are at (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4), b[0..1] at (t, g), (t + 4, g), and
// c[0..3] at (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).   PTX ISA, mma.m16n8k8 for .tf32
__device__ inline void multiply_add(float (&c)[4], const float (&a)[4], const float (&b)[2]) {
#ifdef __CUDA_ARCH__
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])),
        "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
#else
  __trap(); // it is never launched there
#endif
#else // on the CPU, in tests
  int g = LANE / 4, t = LANE % 4;
  for (int k = 0; k < 8; k++) {
    float upper = __shfl_sync(ALL_LANES, k < 4 ? a[0] : a[2], 4 * g + k % 4);
    float lower = __shfl_sync(ALL_LANES, k < 4 ? a[1] : a[3], 4 * g + k % 4);
    float left = __shfl_sync(ALL_LANES, k < 4 ? b[0] : b[1], 8 * t + k % 4);
    float right = __shfl_sync(ALL_LANES, k < 4 ? b[0] : b[1], 8 * t + 4 + k % 4);
    c[0] += upper * left, c[1] += upper * right, c[2] += lower * left, c[3] += lower * right;
  }
#endif
}

// Calls store(m, n, sum) for each result of this block's tile, the sum being over k from begin to end.
//
// A  row(m), column(k): what is to be known of a row, and of a column; at(row, column): the number there
// B  at(k, n)
// k_is_fast: do neighbours in k lie side by side in memory? Then neighbouring threads fetch them.
template <typename R, int TN, bool TENSOR, typename A, typename B, typename Store>
__device__ void product(Size M, int N, Size begin, Size end, A a, B b, Store store) {
  constexpr int TILE_N = 16 * TN;
  using Row = typename A::Row;
  using Column = typename A::Column;
  __shared__ Row rows[TILE_M];
  __shared__ Column columns[2][TILE_K];
  __shared__ R tile_a[TILE_K][TILE_M + PAD], tile_b[TILE_K][TILE_N + PAD];
  int t = threadIdx.x, n0 = blockIdx.y * TILE_N;
  Size m0 = blockIdx.x * (Size)TILE_M;
  if (t < TILE_M) rows[t] = a.row(min(m0 + t, M - 1));
  if (t < TILE_K && begin < end) columns[0][t] = a.column(min(begin + t, end - 1));
  __syncthreads();

  R sums[8][TN] = {}; // of a thread, or
  float parts[2][TN][4] = {}; // its part of the warp's products of 16 x 8
  int turn = 0;
  for (Size k0 = begin; k0 < end; k0 += TILE_K, turn ^= 1) {
    R from_a[8], from_b[TN]; // fetched while other warps still use the tiles of before
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int e = t + 256 * i, k = A::k_is_fast ? e % TILE_K : e / TILE_M, m = A::k_is_fast ? e / TILE_K : e % TILE_M;
      from_a[i] = m0 + m < M && k0 + k < end ? a.at(rows[m], columns[turn][k]) : R(0);
    }
#pragma unroll
    for (int i = 0; i < TN; i++) {
      int e = t + 256 * i, k = B::k_is_fast ? e % TILE_K : e / TILE_N, n = B::k_is_fast ? e / TILE_K : e % TILE_N;
      from_b[i] = n0 + n < N && k0 + k < end ? b.at(k0 + k, n0 + n) : R(0);
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int e = t + 256 * i, k = A::k_is_fast ? e % TILE_K : e / TILE_M, m = A::k_is_fast ? e / TILE_K : e % TILE_M;
      tile_a[k][m] = TENSOR ? R(tf32(from_a[i])) : from_a[i];
    }
#pragma unroll
    for (int i = 0; i < TN; i++) {
      int e = t + 256 * i, k = B::k_is_fast ? e % TILE_K : e / TILE_N, n = B::k_is_fast ? e / TILE_K : e % TILE_N;
      tile_b[k][n] = TENSOR ? R(tf32(from_b[i])) : from_b[i];
    }
    if (t < TILE_K && k0 + TILE_K < end) columns[turn ^ 1][t] = a.column(min(k0 + TILE_K + t, end - 1));
    __syncthreads();
    if constexpr (TENSOR) {
      int m = t / 32 % 4 * 32 + LANE / 4, n = t / 128 * 8 * TN + LANE / 4;
#pragma unroll
      for (int eight = 0; eight < TILE_K; eight += 8) {
        int k = eight + LANE % 4;
        float left[2][4];
#pragma unroll
        for (int i = 0; i < 2; i++) {
          left[i][0] = tile_a[k][m + 16 * i], left[i][1] = tile_a[k][m + 16 * i + 8];
          left[i][2] = tile_a[k + 4][m + 16 * i], left[i][3] = tile_a[k + 4][m + 16 * i + 8];
        }
#pragma unroll
        for (int j = 0; j < TN; j++) {
          float right[2] = {(float)tile_b[k][n + 8 * j], (float)tile_b[k + 4][n + 8 * j]};
#pragma unroll
          for (int i = 0; i < 2; i++) multiply_add(parts[i][j], left[i], right);
        }
      }
    } else {
      int m = t / 16 * 8, n = t % 16 * TN;
#pragma unroll
      for (int k = 0; k < TILE_K; k++) {
        R left[8], right[TN];
#pragma unroll
        for (int i = 0; i < 8; i++) left[i] = tile_a[k][m + i];
#pragma unroll
        for (int j = 0; j < TN; j++) right[j] = tile_b[k][n + j];
#pragma unroll
        for (int i = 0; i < 8; i++)
#pragma unroll
          for (int j = 0; j < TN; j++) sums[i][j] += left[i] * right[j];
      }
    }
  }
  if constexpr (TENSOR) {
    Size m = m0 + t / 32 % 4 * 32 + LANE / 4;
    int n = n0 + t / 128 * 8 * TN + LANE % 4 * 2;
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int j = 0; j < TN; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          Size row = m + 16 * i + e / 2 * 8;
          int column = n + 8 * j + e % 2;
          if (row < M && column < N) store(row, column, parts[i][j][e]);
        }
  } else {
    Size m = m0 + t / 16 * 8;
    int n = n0 + t % 16 * TN;
#pragma unroll
    for (int i = 0; i < 8; i++)
#pragma unroll
      for (int j = 0; j < TN; j++)
        if (m + i < M && n + j < N) store(m + i, n + j, sums[i][j]);
  }
}
