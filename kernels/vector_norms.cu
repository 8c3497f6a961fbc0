// How long arrays are: sums of squares of each block's piece, in double, and their sums.

template <typename T> __global__ void squares(const __grid_constant__ Table<T> table, double* partial) {
  __shared__ double s[256];
  double sum = 0;
  EACH_OF_TABLE(i, j) {
    double a = real<T>(table.address[0][i][j]);
    sum += a * a;
  }
  s[threadIdx.x] = sum;
  __syncthreads();
  for (int k = 128; k > 0; k /= 2) {
    if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (threadIdx.x == 0) partial[blockIdx.x] = s[0];
}

// A warp for each array.
template <typename T>
__global__ void norms(const __grid_constant__ Table<T> table, T* y, const double* partial, int start) {
  int i = blockIdx.x;
  double sum = 0;
  for (int block = table.first[i] + LANE; block < table.first[i + 1]; block += 32) sum += partial[block];
  sum = warp_sum(sum);
  if (LANE == 0) y[start + i] = real<T>(sqrt(sum));
}
