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
