// cuda_cpu.h - run CUDA C++ kernels on the CPU, one OS thread, for correctness tests.
//
// A block's threads are fibers.  A fiber runs its CUDA thread to the end, then
// takes the next thread that has not started; so a kernel without barriers costs
// no context switch at all.  At __syncthreads()/warp intrinsics the fiber parks
// and another one goes on.  Blocks run one after another, hence atomics are plain
// reads and writes.  CUDA_CPU_ORDER=forward|reverse|random:<seed> sets the order
// in which threads and blocks run: a kernel with a missing barrier gives
// different answers under different orders.
//
// GCC or Clang, -std=c++20.  Switching: ucontext to enter a new stack, then
// _setjmp/_longjmp (no system call).  Build with -U_FORTIFY_SOURCE.
#pragma once
#include <csetjmp>
#include <ucontext.h>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define __CUDA_CPU__ 1
#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
// The Python side rewrites 'extern __shared__ T name[];' to CUDA_CPU_DYN_SHARED(T, name) and
// '__shared__ T name[N];' to CUDA_CPU_SHARED(T[N], name), which is filled with 0xff (a NaN)
// before every block.  What it cannot parse falls back to a plain static.
#define __shared__ static
#define CUDA_CPU_SHARED(TYPE, name) static cuda_cpu::Shared<TYPE> name##_shared; auto &name = name##_shared.v
#define CUDA_CPU_DYN_SHARED(T, name) T *name = (T *)cuda_cpu::g.dyn.data()
#define __align__(n) __attribute__((aligned(n)))

struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x, y, z; constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {} };
#define CUDA_CPU_VEC(T, N) \
  struct alignas(sizeof(T) * 2) N##2 { T x, y; }; struct N##3 { T x, y, z; }; \
  struct alignas(sizeof(T) * 4) N##4 { T x, y, z, w; }; \
  inline N##2 make_##N##2(T x, T y) { return {x, y}; } \
  inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
CUDA_CPU_VEC(float, float)
CUDA_CPU_VEC(int, int)

static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;
static const int warpSize = 32;

namespace cuda_cpu {

enum State : char { READY, AT_BLOCK, AT_WARP, DONE };

struct Fiber { jmp_buf jb; ucontext_t uc; char *stack = nullptr; unsigned tid = 0; bool started = false; };

struct Warp { uint64_t slot[32]; unsigned arrived = 0, want = 0, gen = 0; };

struct Global {
  std::vector<Fiber *> pool;      // every fiber made so far
  std::vector<Fiber *> owner;     // tid -> fiber
  std::vector<State> state;       // tid -> state
  std::vector<unsigned> order, rank; // run order of the block's threads
  std::vector<Warp> warps;
  std::vector<char> dyn;          // dynamic shared memory
  size_t used = 0;                // fibers in use in this block
  unsigned next = 0;              // next place in order that has not started
  unsigned live = 0, waiting = 0; // threads not done; threads at __syncthreads
  int vote = 0, vote_out = 0;     // __syncthreads_or / _count
  Fiber *cur = nullptr;
  jmp_buf back;                   // where a finished block returns to
  std::function<void()> body;
  std::string error;
  unsigned long switches = 0;
};
inline Global g;

struct Poison { void *p; size_t n; };
inline std::vector<Poison> shared_vars;
template <class T> struct Shared { // in a union: no constructor of T runs
  union { T v; };
  Shared() { std::memset((void *)&v, 0xff, sizeof v); shared_vars.push_back({(void *)&v, sizeof v}); }
};

static constexpr size_t STACK = 128 << 10;

inline unsigned flat() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
inline void set_thread(unsigned t) {
  threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
}

[[noreturn]] void fiber_main();

[[noreturn]] inline void enter(Fiber *f) {      // go on with fiber f; never returns here
  g.cur = f;
  if (f->started) { set_thread(f->tid); _longjmp(f->jb, 1); }
  f->started = true;
  getcontext(&f->uc);
  f->uc.uc_stack.ss_sp = f->stack; f->uc.uc_stack.ss_size = STACK; f->uc.uc_link = nullptr;
  makecontext(&f->uc, (void (*)())fiber_main, 0);
  setcontext(&f->uc);
  std::abort();
}

inline Fiber *fresh() {
  if (g.used == g.pool.size()) { auto *f = new Fiber; f->stack = (char *)std::malloc(STACK); g.pool.push_back(f); }
  Fiber *f = g.pool[g.used++]; f->started = false; return f;
}

[[noreturn]] inline void fail(const char *msg) { g.error = msg; _longjmp(g.back, 1); }

// Choose who runs next, after the current thread parked or finished.
[[noreturn]] inline void schedule(unsigned from) {
  if (g.next < g.order.size()) enter(fresh());   // start a thread that has not run yet
  unsigned n = g.order.size();
  for (unsigned k = 1; k <= n; k++) {            // or the next ready one after 'from'
    unsigned t = g.order[(g.rank[from] + k) % n];
    if (g.state[t] == READY) { g.switches++; enter(g.owner[t]); }
  }
  if (g.live == 0) _longjmp(g.back, 1);
  fail(g.waiting ? "deadlock: some threads wait at __syncthreads() that others never reach"
                 : "deadlock: a warp intrinsic's mask names lanes that never arrive");
}

inline void park(State s) {
  Fiber *me = g.cur; g.state[me->tid] = s;
  if (!_setjmp(me->jb)) schedule(me->tid);
}

[[noreturn]] inline void fiber_main() {
  Fiber *me = g.cur;
  for (;;) {
    if (g.next >= g.order.size()) schedule(me->tid);
    unsigned t = g.order[g.next++];
    me->tid = t; g.owner[t] = me; g.state[t] = READY; set_thread(t); g.cur = me;
    g.body();
    g.state[me->tid] = DONE; g.live--;
    if (g.waiting) fail("a thread returned while others wait at __syncthreads()");
  }
}

inline void block_barrier() {
  if (g.live != g.order.size()) fail("__syncthreads() after another thread has returned");
  if (++g.waiting == g.live) {
    g.waiting = 0; g.vote_out = g.vote; g.vote = 0;
    for (auto &s : g.state) if (s == AT_BLOCK) s = READY;
    g.state[g.cur->tid] = READY;
  } else park(AT_BLOCK);
}

inline void warp_barrier(unsigned mask) {
  unsigned t = flat(), w = t / 32, lane = t % 32, base = w * 32;
  Warp &W = g.warps[w];
  if (!(mask >> lane & 1)) fail("a lane calls a warp intrinsic whose mask leaves it out");
  if (W.arrived && W.want != mask) fail("lanes of a warp call intrinsics with different masks at once");
  W.want = mask; W.arrived |= 1u << lane;
  unsigned n = g.order.size() - base, exist = n >= 32 ? ~0u : (1u << n) - 1;
  if (W.arrived == (mask & exist)) {
    W.arrived = 0;
    for (unsigned l = 0; l < 32 && base + l < g.state.size(); l++)
      if (g.state[base + l] == AT_WARP && (mask >> l & 1)) g.state[base + l] = READY;
  } else park(AT_WARP);
}

template <class T> T warp_read(unsigned mask, T v, int src) { // -1: own value
  unsigned t = flat(); Warp &W = g.warps[t / 32];
  std::memcpy(&W.slot[t % 32], &v, sizeof(T));
  warp_barrier(mask);
  T r; std::memcpy(&r, &W.slot[src < 0 ? t % 32 : src], sizeof(T));
  warp_barrier(mask);
  return r;
}

inline void make_order(std::vector<unsigned> &o, unsigned n, unsigned salt) {
  o.resize(n); for (unsigned i = 0; i < n; i++) o[i] = i;
  const char *e = std::getenv("CUDA_CPU_ORDER");
  if (!e) return;
  if (!std::strncmp(e, "reverse", 7)) std::reverse(o.begin(), o.end());
  else if (!std::strncmp(e, "random", 6)) { std::mt19937 r(salt + (e[6] ? std::atoi(e + 7) : 0)); std::shuffle(o.begin(), o.end(), r); }
}

// What a parameter is: a letter of Python's struct module, and one more for what a pointer points to ("Pf").
template <class A> constexpr char letter() {
  using T = std::remove_cv_t<A>;
  if (std::is_same_v<T, bool>) return '?';
  if (std::is_floating_point_v<T>) return sizeof(T) == 4 ? 'f' : 'd';
  if (std::is_integral_v<T>) return std::is_signed_v<T> ? "-bh-i---q"[sizeof(T)] : "-BH-I---Q"[sizeof(T)];
  if (sizeof(T) == 2) return 'e'; // float16, as tinyconv's kernels define it
  return 's';
}
template <class A> void describe(std::string &s) {
  if constexpr (std::is_pointer_v<std::remove_cv_t<A>>) {
    using T = std::remove_pointer_t<std::remove_cv_t<A>>;
    s += 'P';
    if constexpr (std::is_void_v<T>) s += 'v'; else s += letter<T>();
  } else {
    s += letter<A>();
    if (s.back() == 's') s += std::to_string(sizeof(A));
  }
}
template <class... A> const char *signature(void (*)(A...)) {
  static std::string s;
  s.clear(); (describe<A>(s), ...);
  return s.c_str();
}

template <class... A, size_t... I>
void call(void (*f)(A...), void **p, std::index_sequence<I...>) { f(*(std::remove_cv_t<std::remove_reference_t<A>> *)p[I]...); }


template <class... A>
const char *launch(void (*f)(A...), const unsigned *grid, const unsigned *block, unsigned dyn, void **args) {
  g.error.clear();
  gridDim = dim3(grid[0], grid[1], grid[2]); blockDim = dim3(block[0], block[1], block[2]);
  unsigned n = blockDim.x * blockDim.y * blockDim.z, nb = gridDim.x * gridDim.y * gridDim.z;
  if (n == 0 || n > 1024 || nb == 0) { g.error = "invalid launch: block of 0 or more than 1024 threads, or an empty grid"; return g.error.c_str(); }
  if (dyn > 227 * 1024) { g.error = "invalid launch: too much shared memory"; return g.error.c_str(); }
  g.body = [&] { call(f, args, std::index_sequence_for<A...>{}); };
  std::vector<unsigned> blocks; make_order(blocks, nb, 1);
  for (volatile unsigned i = 0; i < nb; i++) {
    unsigned b = blocks[i];
    blockIdx = {b % gridDim.x, b / gridDim.x % gridDim.y, b / (gridDim.x * gridDim.y)};
    make_order(g.order, n, b + 2); g.rank.resize(n); for (unsigned k = 0; k < n; k++) g.rank[g.order[k]] = k;
    g.owner.assign(n, nullptr); g.state.assign(n, READY); g.warps.assign((n + 31) / 32, Warp{});
    for (auto &s : g.state) s = DONE; // 'not started' must not look ready
    g.dyn.assign(dyn, (char)0xff);    // NaN pattern: uninitialised shared memory shows
    for (auto &s : shared_vars) std::memset(s.p, 0xff, s.n);
    g.used = 0; g.next = 0; g.live = n; g.waiting = 0; g.vote = 0;
    if (!_setjmp(g.back)) enter(fresh());
    if (!g.error.empty()) {
      char buf[128]; std::snprintf(buf, sizeof buf, " [block (%u,%u,%u), thread (%u,%u,%u)]", blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
      g.error += buf; return g.error.c_str();
    }
  }
  return nullptr;
}
} // namespace cuda_cpu

// ---- what kernels call ------------------------------------------------------
inline void __syncthreads() { cuda_cpu::block_barrier(); }
inline int __syncthreads_count(int p) { cuda_cpu::g.vote += p != 0; cuda_cpu::block_barrier(); int r = cuda_cpu::g.vote_out; cuda_cpu::block_barrier(); return r; }
inline int __syncthreads_or(int p) { return __syncthreads_count(p) != 0; }
inline void __syncwarp(unsigned m = 0xffffffffu) { cuda_cpu::warp_barrier(m); }
inline void __threadfence() {}
inline void __threadfence_block() {}
template <class T> T __shfl_sync(unsigned m, T v, int src, int w = 32) { int l = cuda_cpu::flat() % 32; return cuda_cpu::warp_read(m, v, (l & ~(w - 1)) + (src & (w - 1))); }
template <class T> T __shfl_down_sync(unsigned m, T v, unsigned d, int w = 32) { int l = cuda_cpu::flat() % 32; return cuda_cpu::warp_read(m, v, (l & (w - 1)) + (int)d < w ? l + (int)d : -1); }
template <class T> T __shfl_up_sync(unsigned m, T v, unsigned d, int w = 32) { int l = cuda_cpu::flat() % 32; return cuda_cpu::warp_read(m, v, (l & (w - 1)) >= (int)d ? l - (int)d : -1); }
template <class T> T __shfl_xor_sync(unsigned m, T v, int x, int w = 32) { int l = cuda_cpu::flat() % 32; int s = l ^ x; return cuda_cpu::warp_read(m, v, (s & ~(w - 1)) <= (l & ~(w - 1)) ? s : -1); }
inline unsigned __ballot_sync(unsigned m, int p) {
  unsigned t = cuda_cpu::flat(); auto &W = cuda_cpu::g.warps[t / 32]; W.slot[t % 32] = p != 0;
  cuda_cpu::warp_barrier(m); unsigned r = 0; for (int i = 0; i < 32; i++) if (m >> i & 1) r |= (unsigned)(W.slot[i] & 1) << i; cuda_cpu::warp_barrier(m); return r; }
inline int __any_sync(unsigned m, int p) { return __ballot_sync(m, p) != 0; }
inline int __all_sync(unsigned m, int p) { return __ballot_sync(m, p) == m; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
template <class T, class U> T atomicAdd(T *p, U v) { T o = *p; *p = o + (T)v; return o; }
template <class T, class U> T atomicSub(T *p, U v) { T o = *p; *p = o - (T)v; return o; }
template <class T, class U> T atomicMax(T *p, U v) { T o = *p; if ((T)v > o) *p = (T)v; return o; }
template <class T, class U> T atomicMin(T *p, U v) { T o = *p; if ((T)v < o) *p = (T)v; return o; }
template <class T, class U> T atomicExch(T *p, U v) { T o = *p; *p = (T)v; return o; }
template <class T, class U, class V> T atomicCAS(T *p, U c, V v) { T o = *p; if (o == (T)c) *p = (T)v; return o; }
template <class T> T __ldg(const T *p) { return *p; }
template <class T> T min(T a, T b) { return b < a ? b : a; }
template <class T> T max(T a, T b) { return a < b ? b : a; }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1.f / a; }
inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline int __float_as_int(float f) { int i; std::memcpy(&i, &f, 4); return i; }
inline float __int_as_float(int i) { float f; std::memcpy(&f, &i, 4); return f; }
