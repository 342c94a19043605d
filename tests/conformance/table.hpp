#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace aimlock::testing {

/// The parsed document of a table of ../shared/conformance, or null where this clone has none.
nlohmann::json read_table(const std::string& name);

/// Counts the rows of a table that agree with the recorded facts. A row that disagrees must be listed with
/// the reason; a listed row that agrees, or that no longer exists, fails too. The first failures are printed,
/// then `name: N/N rows`.
class RowCount {
public:
    explicit RowCount(std::string name, std::map<std::string, std::string> known_differences = {})
        : name_(std::move(name)), known_(std::move(known_differences)) {}

    /// One row: `whole_row` is its text in messages and in the list of known differences; beyond 600 bytes,
    /// its first 20 and its size.
    void add(const std::string& whole_row, bool agrees, const std::string& what_we_say = {});
    /// Prints the count and fails the test on surprises. Called once, at the end.
    void finish() const;

private:
    std::string name_;
    std::map<std::string, std::string> known_;
    std::map<std::string, int> met_;
    std::size_t rows_ = 0;
    std::size_t agreed_ = 0;
    std::size_t failures_ = 0;
    std::string shown_;
};

}  // namespace aimlock::testing

#define AIMLOCK_NEEDS_TABLE(variable, name)                               \
    const nlohmann::json variable = ::aimlock::testing::read_table(name); \
    if (variable.is_null()) GTEST_SKIP() << "skipped: this clone has no ../shared/conformance/" << (name)
