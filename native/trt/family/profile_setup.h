// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/build_session.h"

namespace trtn::trt::TRTN_FAMILY {

/// Adds the request's optimisation profiles to `config`. Throws ERR_TRT_ARG_PROFILE_*.
void AddProfiles(const BuildSession& session, nv::IBuilderConfig& config);

}  // namespace trtn::trt::TRTN_FAMILY
