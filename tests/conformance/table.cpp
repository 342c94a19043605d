#include "tests/conformance/table.hpp"

#include <cstdio>

#include <gtest/gtest.h>

#include "tests/support/shared.hpp"

namespace aimlock::testing {
namespace {

constexpr std::size_t most_shown = 20;
constexpr std::size_t longest_row = 600;

std::string shortened(const std::string& row) {
    if (row.size() <= longest_row) return row;
    return row.substr(0, 20) + "… (" + std::to_string(row.size()) + " bytes)";
}

}  // namespace

nlohmann::json read_table(const std::string& name) {
    const auto file = shared_path("conformance/" + name + ".json.zst");
    return file ? nlohmann::json::parse(read_shared(*file)) : nlohmann::json();
}

void RowCount::add(const std::string& whole_row, bool agrees, const std::string& what_we_say) {
    const std::string row = shortened(whole_row);
    ++rows_;
    const bool listed = known_.contains(row);
    if (listed) ++met_[row];
    if (agrees && !listed) {
        ++agreed_;
        return;
    }
    if (!agrees && listed) return;
    if (++failures_ > most_shown) return;
    shown_ += "\n  " + row + (agrees ? ": agrees now; take it off the list" : ": we say " + what_we_say);
}

void RowCount::finish() const {
    std::printf("%s: %zu/%zu rows", name_.c_str(), agreed_, rows_);
    if (!known_.empty()) std::printf(", %zu left", known_.size());
    std::printf("\n");
    for (const auto& [row, reason] : known_) {
        std::printf("  left: %s: %s\n", row.c_str(), reason.c_str());
        EXPECT_TRUE(met_.contains(row)) << name_ << ": listed row is not in the table: " << row;
        EXPECT_FALSE(reason.empty()) << name_ << ": no reason given for " << row;
    }
    EXPECT_EQ(failures_, 0U) << name_ << shown_;
    EXPECT_GT(rows_, 0U) << name_ << " is empty";
}

}  // namespace aimlock::testing
