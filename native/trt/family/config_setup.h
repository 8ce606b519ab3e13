// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/build_session.h"

namespace trtn::trt::TRTN_FAMILY {

/// Writes the request's options (profiles and timing cache apart) into `config`.
///
/// Throws ERR_TRT_BUILD_OPTION_UNSUPPORTED for what the family or the library's version lacks,
/// ERR_TRT_ARG_VALUE for what is out of range.
void ApplyOptions(const BuildSession& session, nv::IBuilderConfig& config);

/// The option of the request that cannot work without a GPU in this family, null if there is none.
const char* OptionThatNeedsDevice(const BuildRequest& request);

}  // namespace trtn::trt::TRTN_FAMILY
