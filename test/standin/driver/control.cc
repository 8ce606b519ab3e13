// SPDX-License-Identifier: Apache-2.0
// The tests' side of the stand-in. A request is one line of words, the answer is JSON: what was asked for,
// `null`, or {"error": "…"}.
//
//   reset                    forgets record, faults and configuration; handles and sticky errors stay
//   configure key=value …    mode=threads|inline  h2d-mbps=  d2h-mbps=  copy-us=  memory-bytes=  pools=0|1
//                            integrated=0|1  mig=0|1  reorder=<seed>|0  call-ns=  record=0|1
//   fault <entry> <n> <result>
//                            the n-th call from now (1 = the next) of the entry returns <result>;
//                            "op:kernel", "op:h2d" … is work on the device, which fails without a return
//                            value. Sticky results make every later call on that context return the same.
//                            -1 is a bug in the driver: the process dies by SIGSEGV
//   fault-random <seed> <permille> <result> [entry,…]
//                            each call fails with that probability; of all entries but those that close
//                            something, if none is named
//   gone                     the device fell off: everything returns 46
//   calls | trace on|off|get | timeline | live | violations
//
// For processes that nobody talks to, the environment: TRTN_STANDIN_CUDA_CONFIGURE holds the words of
// "configure", TRTN_STANDIN_CUDA_FAULTS requests of "fault" and "fault-random" with ';' between them. They
// count from the process's second call on. Violations are appended to the file TRTN_STANDIN_CUDA_VIOLATIONS.
#include "control.h"

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "call.h"
#include "faults.h"
#include "standin.h"

namespace standin {
namespace {

std::string ErrorJson(const std::string& text) { return "{\"error\":" + Quoted(text) + "}"; }

/// False if the key is not known.
bool Configure(State& s, const std::string& key, const std::string& value) {
  Configuration& c = s.configuration;
  const bool is_on = value == "1";
  const double number = std::atof(value.c_str());
  if (key == "mode" && (value == "inline" || value == "threads")) {
    c.is_inline = value == "inline";
  } else if (key == "h2d-mbps") {
    c.h2d_mbps = number;
  } else if (key == "d2h-mbps") {
    c.d2h_mbps = number;
  } else if (key == "copy-us") {
    c.copy_us = number;
  } else if (key == "memory-bytes") {
    c.memory_bytes = std::strtoull(value.c_str(), nullptr, 10);
  } else if (key == "pools") {
    c.has_pools = is_on;
  } else if (key == "integrated") {
    c.is_integrated = is_on;
  } else if (key == "mig") {
    c.is_mig = is_on;
  } else if (key == "reorder") {
    c.is_reordering = value != "0";
    s.random.seed(std::strtoull(value.c_str(), nullptr, 10));
  } else if (key == "call-ns") {
    SetCallNs(std::atol(value.c_str()));
  } else if (key == "record") {
    c.is_recording = is_on;
  } else {
    return false;
  }
  return true;
}

std::string ConfigureAll(State& s, std::istream& words) {
  std::string word;
  while (words >> word) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || !Configure(s, word.substr(0, equals), word.substr(equals + 1))) {
      return ErrorJson("configure does not know " + word);
    }
  }
  return "null";
}

std::string OrderFault(std::istream& words) {
  std::string entry;
  uint64_t nth = 0;
  CUresult result = 0;
  if (!(words >> entry >> nth >> result)) return ErrorJson("expected: fault <entry> <n> <result>");
  AddFault(entry, nth, result);
  return "null";
}

std::string OrderRandomFault(std::istream& words) {
  uint64_t seed = 0;
  unsigned permille = 0;
  CUresult result = 0;
  if (!(words >> seed >> permille >> result)) {
    return ErrorJson("expected: fault-random <seed> <permille> <result> [entry,…]");
  }
  std::string list, entry;
  words >> list;
  std::istringstream names(list);
  std::vector<std::string> entries;
  while (std::getline(names, entry, ',')) entries.push_back(entry);
  AddRandomFault(seed, permille, result, std::move(entries));
  return "null";
}

std::string Vanish() {
  Lock lock(state().mutex);
  for (Context& context : state().contexts) {
    if (context.references > 0 && context.sticky == kSuccess) context.sticky = kDeviceUnavailable;
  }
  SetScrutiny(kGone, true);
  return "null";
}

std::string Reset() {
  State& s = state();
  Lock lock(s.mutex);
  s.configuration = Configuration();
  ClearFaults();
  SetScrutiny(kGone, false);
  ResetRecord();
  ConfigureFromEnvironment(s);
  return "null";
}

std::string LiveJson() {
  State& s = state();
  Lock lock(s.mutex);
  size_t contexts = 0;
  for (const Context& context : s.contexts) contexts += context.references > 0;
  const auto field = [](const char* name, size_t value) {
    return std::string("\"") + name + "\":" + std::to_string(value);
  };
  const auto memory = [&](const char* name, size_t count, size_t bytes) {
    return std::string("\"") + name + "\":{" + field("allocations", count) + "," + field("bytes", bytes) +
           "}";
  };
  return "{" + field("contexts", contexts) + "," + field("streams", s.streams.live()) + "," +
         field("events", s.events.live()) + "," + memory("device", s.device_memory.size(), s.device_bytes) +
         "," + memory("pinned", s.host_memory.size(), s.host_bytes) + "," + field("graphs", s.graphs.live()) +
         "," + field("graphExecs", s.execs.live()) + ",\"objects\":" + ObjectsJson() + "}";
}

std::string Trace(std::istream& words) {
  std::string what;
  words >> what;
  if (what == "get") return TraceJson();
  if (what != "on" && what != "off") return ErrorJson("expected: trace on|off|get");
  SetTrace(what == "on");
  return "null";
}

std::string Answer(const std::string& request) {
  std::istringstream words(request);
  std::string verb;
  words >> verb;
  if (verb == "reset") return Reset();
  if (verb == "configure") {
    Lock lock(state().mutex);
    return ConfigureAll(state(), words);
  }
  if (verb == "fault") return OrderFault(words);
  if (verb == "fault-random") return OrderRandomFault(words);
  if (verb == "gone") return Vanish();
  if (verb == "calls") return CallsJson();
  if (verb == "trace") return Trace(words);
  if (verb == "timeline") return TimelineJson();
  if (verb == "live") return LiveJson();
  if (verb == "violations") return TakeViolationsJson();
  return ErrorJson("no such request: " + request);
}

}  // namespace

void ConfigureFromEnvironment(State& s) {
  if (const char* text = std::getenv("TRTN_STANDIN_CUDA_CONFIGURE")) {
    std::istringstream words(text);
    ConfigureAll(s, words);
  }
  const char* faults = std::getenv("TRTN_STANDIN_CUDA_FAULTS");
  std::istringstream requests(faults == nullptr ? "" : faults);
  for (std::string request, verb; std::getline(requests, request, ';');) {
    std::istringstream words(request);
    words >> verb;
    if (verb == "fault-random")
      OrderRandomFault(words);
    else
      OrderFault(words);
  }
}

}  // namespace standin

STANDIN_API char* trtn_standin_control(const char* request) {
  return strdup(standin::Answer(request).c_str());
}
