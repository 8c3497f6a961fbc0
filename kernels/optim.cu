// What optimisers do to all parameters of a group. address[0] is w, [1] g, the others are what is remembered.

template <typename T>
__global__ void sgd(const __grid_constant__ Table<T> table, real<T> lr, real<T> momentum, real<T> weight_decay,
                    bool nesterov, bool has_momentum) {
  EACH_OF_TABLE(i, j) {
    T *w = table.address[0][i] + j, *v = table.address[2][i] + j;
    real<T> d = table.address[1][i][j];
    if (weight_decay != 0) d += weight_decay * real<T>(*w);
    if (has_momentum) {
      real<T> new_v = momentum * real<T>(*v) + real<T>(table.own[0][i]) * d; // own: the gain
      *v = new_v;
      d = nesterov ? d + momentum * new_v : new_v;
    }
    *w = real<T>(*w) - lr * d;
  }
}

template <typename T>
__global__ void adam(const __grid_constant__ Table<T> table, real<T> lr, real<T> rest1, real<T> rest2, real<T> eps,
                     real<T> weight_decay, real<T> kept, bool amsgrad) {
  EACH_OF_TABLE(i, j) {
    T *w = table.address[0][i] + j, *m = table.address[2][i] + j, *v = table.address[3][i] + j;
    real<T> d = table.address[1][i][j], old_w = kept * real<T>(*w); // kept: what decoupled weight decay leaves
    if (weight_decay != 0) d += weight_decay * old_w;
    real<T> new_m = real<T>(*m) + rest1 * (d - real<T>(*m)), new_v = real<T>(*v) + rest2 * (d * d - real<T>(*v));
    *m = new_m;
    *v = new_v;
    if (amsgrad) {
      T* most = table.address[4][i] + j;
      new_v = larger<real<T>>(*most, new_v);
      *most = new_v;
    }
    real<T> m_hat = new_m / real<T>(table.own[0][i]), v_hat = new_v / real<T>(table.own[1][i]); // own: 1 - b^t
    *w = old_w - lr * m_hat / (sqrt(v_hat) + eps);
  }
}

template <typename T>
__global__ void adadelta(const __grid_constant__ Table<T> table, real<T> lr, real<T> rest, real<T> eps,
                         real<T> weight_decay) {
  EACH_OF_TABLE(i, j) {
    T *w = table.address[0][i] + j, *s = table.address[2][i] + j, *u = table.address[3][i] + j;
    real<T> d = table.address[1][i][j];
    if (weight_decay != 0) d += weight_decay * real<T>(*w);
    real<T> new_s = real<T>(*s) + rest * (d * d - real<T>(*s));
    d = d * sqrt(real<T>(*u) + eps) / sqrt(new_s + eps);
    *s = new_s;
    *u = real<T>(*u) + rest * (d * d - real<T>(*u));
    *w = real<T>(*w) - lr * d;
  }
}

template <typename T>
__global__ void adagrad(const __grid_constant__ Table<T> table, real<T> eps, real<T> weight_decay) {
  EACH_OF_TABLE(i, j) {
    T *w = table.address[0][i] + j, *s = table.address[2][i] + j;
    real<T> d = table.address[1][i][j];
    if (weight_decay != 0) d += weight_decay * real<T>(*w);
    real<T> new_s = real<T>(*s) + d * d;
    *s = new_s;
    *w = real<T>(*w) - real<T>(table.own[0][i]) * d / (sqrt(new_s) + eps); // own: the rate
  }
}

template <typename T>
__global__ void rmsprop(const __grid_constant__ Table<T> table, real<T> lr, real<T> rest, real<T> eps,
                        real<T> weight_decay, real<T> momentum, bool centered, bool has_momentum) {
  EACH_OF_TABLE(i, j) {
    T *w = table.address[0][i] + j, *s = table.address[2][i] + j, *m = table.address[3][i] + j;
    T* v = table.address[4][i] + j;
    real<T> d = table.address[1][i][j];
    if (weight_decay != 0) d += weight_decay * real<T>(*w);
    real<T> second = real<T>(*s) + rest * (d * d - real<T>(*s));
    *s = second;
    if (centered) {
      real<T> mean = real<T>(*m) + rest * (d - real<T>(*m));
      *m = mean;
      second = second - mean * mean;
      if (second < 0) second = 0; // rounding could make it negative
    }
    d = d / (sqrt(second) + eps);
    if (has_momentum) {
      d += momentum * real<T>(*v);
      *v = d;
    }
    *w = real<T>(*w) - lr * d;
  }
}
