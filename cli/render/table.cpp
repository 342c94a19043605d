#include "cli/render/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {
constexpr std::size_t gap = 2;
constexpr std::size_t least_width = 10;  // of a column that shrinks
}  // namespace

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t room) const {
    std::vector<std::size_t> widths(columns_.size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
    }
    const std::size_t all =
        std::accumulate(widths.begin(), widths.end(), gap * (columns_.empty() ? 0 : columns_.size() - 1));
    std::size_t over = room == 0 || all <= room ? 0 : all - room;
    // The last columns give way first: they hold reasons, the first hold names.
    for (std::size_t c = columns_.size(); c-- > 0 && over > 0;) {
        if (!columns_[c].shrinks || widths[c] <= least_width) continue;
        const std::size_t cut = std::min(over, widths[c] - least_width);
        widths[c] -= cut;
        over -= cut;
    }
    return widths;
}

std::string Table::text(std::size_t indent, std::size_t columns) const {
    const std::vector<std::size_t> width = widths(columns > indent ? columns - indent : 0);
    std::string out;
    for (const auto& row : rows_) {
        std::string line(indent, ' ');
        for (std::size_t c = 0; c < row.size(); ++c) {
            if (c > 0) line += std::string(gap, ' ');
            const std::string cell = columns_[c].shrinks ? shortened(row[c], width[c]) : row[c];
            line += columns_[c].align == Align::right ? padded_left(cell, width[c])
                                                      : padded_right(cell, width[c]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace aimlock::cli
