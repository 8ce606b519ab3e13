// SPDX-License-Identifier: Apache-2.0
#include "core/log_capture.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/utf8.h"

namespace trtn {
namespace {

TEST(ValidUtf8, KeepsWhatIsValid) {
  const std::string text = "plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80";
  EXPECT_EQ(ValidUtf8(text), text);
  EXPECT_EQ(ValidUtf8(""), "");
}

TEST(ValidUtf8, ReplacesEachBrokenByte) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ValidUtf8("a\xFF"
                      "b"),
            "a" + r + "b");
  EXPECT_EQ(ValidUtf8("\xC3"), r);                          // cut off
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), r + r);                  // overlong
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), r + r + r);          // surrogate
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(ValidUtf8("\xE2\x82z"), r + r + "z");
}

TEST(LogCapture, CountsEqualLinesOnce) {
  std::vector<std::string> heard;
  LogCapture capture(Severity::kInfo, [&](const LogLine& line) { heard.push_back(line.message); });
  RouteLog(Severity::kWarning, "one");
  RouteLog(Severity::kWarning, "two");
  RouteLog(Severity::kWarning, "one");
  RouteLog(Severity::kError, "one");
  const std::vector<LogLine> lines = capture.Lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].message, "one");
  EXPECT_EQ(lines[0].count, 2u);
  EXPECT_EQ(lines[2].severity, Severity::kError);
  EXPECT_EQ(heard, (std::vector<std::string>{"one", "two", "one"}));
}

TEST(LogCapture, DropsWhatIsLessSevere) {
  LogCapture capture(Severity::kWarning);
  RouteLog(Severity::kInfo, "chatter");
  RouteLog(Severity::kVerbose, "more of it");
  RouteLog(Severity::kInternalError, "serious");
  ASSERT_EQ(capture.Lines().size(), 1u);
  EXPECT_EQ(capture.Lines()[0].message, "serious");
}

TEST(LogCapture, MakesMessagesValidUtf8) {
  LogCapture capture(Severity::kError);
  RouteLog(Severity::kError, "\x89PNG");
  EXPECT_EQ(capture.Lines().at(0).message, "\xEF\xBF\xBDPNG");
}

TEST(LogCapture, GivesLinesToTheInnermostOfTheThread) {
  LogCapture outer(Severity::kError);
  {
    LogCapture inner(Severity::kError);
    RouteLog(Severity::kError, "inside");
    EXPECT_EQ(inner.Lines().size(), 1u);
  }
  RouteLog(Severity::kError, "outside");
  ASSERT_EQ(outer.Lines().size(), 1u);
  EXPECT_EQ(outer.Lines()[0].message, "outside");
}

TEST(LogCapture, KeepsThreadsApart) {
  const auto log_as = [](const std::string& name, std::vector<LogLine>& lines) {
    LogCapture capture(Severity::kError);
    for (int i = 0; i < 200; i++) RouteLog(Severity::kError, name.c_str());
    lines = capture.Lines();
  };
  std::vector<LogLine> first, second;
  std::thread one(log_as, "one", std::ref(first));
  std::thread two(log_as, "two", std::ref(second));
  one.join();
  two.join();
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(first[0].message, "one");
  EXPECT_EQ(second[0].message, "two");
  EXPECT_EQ(second[0].count, 200u);
}

TEST(LogCapture, TakesLinesOfThreadsThatHaveNone) {
  LogCapture capture(Severity::kError);
  std::thread([] { RouteLog(Severity::kError, "from a foreign thread"); }).join();
  ASSERT_EQ(capture.Lines().size(), 1u);
}

TEST(LogCapture, LosesLinesThatNobodyAskedFor) {
  RouteLog(Severity::kError, "nobody listens");
  RouteLog(Severity::kError, nullptr);
  LogCapture capture(Severity::kError);
  EXPECT_TRUE(capture.Lines().empty());
}

}  // namespace
}  // namespace trtn
