// SPDX-License-Identifier: Apache-2.0
#include "test/support/standin_plan.h"

#include <cstring>
#include <sstream>

namespace trtn::test {

int StandinVersion(Family family) {
  switch (family) {
    case Family::kTensorRt10:
      return 101501;
    case Family::kTensorRt11:
      return 110201;
    default:
      return 10701;
  }
}

std::string MakePlan(Family family, const std::string& text, int version) {
  if (version == 0) version = StandinVersion(family);
  bool is_rtx = family == Family::kTensorRtRtx;
  std::string plan(is_rtx ? 64 : 28, '\0');
  plan.replace(0, 4, is_rtx ? "vtrt" : "ftrt");
  plan[24] = static_cast<char>(version / 10000);
  plan[25] = static_cast<char>(version / 100 % 100);
  plan[26] = static_cast<char>(version % 100);
  plan += text;
  uint64_t size = plan.size();
  if (is_rtx) std::memcpy(plan.data() + 16, &size, sizeof size);
  return plan;
}

std::string ScalePlan() {
  return "name scale\ninput x float32 4\noutput y float32 4\nweight w 2\nlayer scale x y w\n";
}

std::string AddPlan() {
  return "name add\ninput a float32 -1,4\ninput b float32 -1,4\noutput y float32 -1,4\n"
         "profile a 1,4 4,4 8,4 b 1,4 4,4 8,4\nlayer add a b y\n";
}

std::string MlpPlan() {
  return "name mlp\ninput x float32 -1,4\noutput y float32 -1,3\nprofile x 1,4 4,4 8,4\n"
         "weight w 1,1,1,1,1,1,1,1,1,1,1,1\nweight s 0.5\nlayer matmul x w 4x3 h\nlayer scale h y s\n";
}

std::string TwoProfilePlan() {
  return "name batches\ninput x float32 -1,4\noutput y float32 -1,4\nprofile x 1,4 2,4 4,4\n"
         "profile x 4,4 8,4 16,4\nweight w 2\nlayer scale x y w\n";
}

std::string TopKPlan() {
  return "name topk\ninput x float32 2,6\noutput values float32 2,3\noutput indices int64 2,3\n"
         "layer topk x values indices 3\n";
}

std::string NonZeroPlan() {
  return "name nonzero\ninput x float32 2,3\noutput y int64 2,-1\nlayer nonzero x y\n";
}

std::string ReshapePlan() {
  return "name reshape\ninput x float32 2,6\ninput shape int64 2 host\noutput y float32 -1,-1\n"
         "profile x 2,6 2,6 2,6 shape 2 2 2\nvalues shape 1,1 4,3 12,12\nlayer reshape x shape y\n";
}

std::string RefittablePlan() { return "refittable\n" + ScalePlan(); }

std::string DebugPlan() {
  return "name debug\ninput x float32 4\noutput y float32 4\nweight w 2\nweight v 3\nlayer scale x h w\n"
         "layer scale h y v\ndebug h\ndebug y\n";
}

std::string SlowPlan(double duration_us) {
  std::ostringstream text;
  text << ScalePlan() << "duration-us " << duration_us << "\n";
  return text.str();
}

std::string AuxStreamPlan() {
  return "name aux\naux-streams 2\ninput x float32 4\noutput y float32 4\nweight w 2\nweight v 3\nweight u "
         "4\n"
         "layer scale x p w\nlayer scale x q v\nlayer scale x r u\nlayer add p q s\nlayer add s r y\n";
}

}  // namespace trtn::test
