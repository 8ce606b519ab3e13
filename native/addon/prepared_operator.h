// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>

#include "addon/chain_request.h"

namespace trtn {

/// A request that was read once and runs any number of times, on any threads.
class PreparedOperator {
 public:
  /// Throws ERR_TRT_ARG_VALUE for tensors that no memory can hold.
  explicit PreparedOperator(ChainRequest request);

  const ChainShapes& shapes() const { return shapes_; }
  int threads() const { return threads_; }
  /// Made at first use, which is not on the JavaScript thread: operators may compute tables. Throws what
  /// chain::Chain throws, each time again.
  std::shared_ptr<const chain::Chain> chain();

 private:
  const int threads_;
  const ChainShapes shapes_;
  std::mutex mutex_;
  /// Empty once there is a chain.
  chain::ChainSpec spec_;
  std::shared_ptr<const chain::Chain> chain_;
};

}  // namespace trtn
