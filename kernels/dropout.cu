// Dropout by a counter-based generator, as dropout.py has it: the same elements survive as everywhere.

__device__ unsigned mixed(unsigned h) {
  h = (h ^ (h >> 16)) * 0x7FEB352Du;
  h = (h ^ (h >> 15)) * 0x846CA68Bu;
  return h ^ (h >> 16);
}

// threshold: 2^32 p, rounded up   place: where a captured graph finds the two halves of its key; or null
// C, HW: of channels-last pictures, whose elements count in the order of N, C, H, W all the same; or 0
template <typename T>
__global__ void dropout(Size n, T* y, const T* x, Size threshold, real<T> gain, unsigned k0, unsigned k1,
                        const unsigned* place, int C, int HW) {
  if (place) k0 = place[0], k1 = place[1];
  EACH(i, n) {
    Size number = i;
    if (C) {
      Size pixel = i / C, picture = pixel / HW;
      number = (picture * C + (i - pixel * C)) * HW + (pixel - picture * HW);
    }
    unsigned h = mixed(mixed((unsigned)number ^ k0) ^ k1);
    y[i] = h >= threshold ? gain * real<T>(x[i]) : real<T>(0);
  }
}
