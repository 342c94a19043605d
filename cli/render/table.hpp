#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aimlock::cli {

/// Rows in columns for people. A table that is wider than `columns` shortens its shrinkable columns from the
/// middle; a number is never cut, and nothing is where `columns` is 0 (output that is piped).
class Table {
public:
    enum class Align : std::uint8_t { left, right };
    struct Column {
        Align align = Align::left;
        bool shrinks = false;
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// One row; texts that others wrote must be escaped already. Missing cells are empty.
    void add(std::vector<std::string> cells);
    /// Lines with two blanks between columns, each behind `indent` blanks, no blanks at line ends.
    [[nodiscard]] std::string text(std::size_t indent, std::size_t columns) const;
    [[nodiscard]] bool empty() const { return rows_.empty(); }

private:
    [[nodiscard]] std::vector<std::size_t> widths(std::size_t room) const;
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace aimlock::cli
