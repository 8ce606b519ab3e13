// SPDX-License-Identifier: Apache-2.0
#include "addon/prepared_operator.h"

#include <utility>

namespace trtn {

PreparedOperator::PreparedOperator(ChainRequest request)
    : threads_(request.threads), shapes_(ShapesOf(request.spec)), spec_(std::move(request.spec)) {}

std::shared_ptr<const chain::Chain> PreparedOperator::chain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (chain_ == nullptr) {
    chain_ = std::make_shared<const chain::Chain>(spec_);
    spec_ = {};
  }
  return chain_;
}

}  // namespace trtn
