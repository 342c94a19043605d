#include <algorithm>

#include <fmt/core.h>

#include "cli/render/reports.hpp"
#include "cli/render/table.hpp"
#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

std::string shown_target(const Target& target) {
    std::string facts = target.platform;
    facts += target.cuda ? ", CUDA " + *target.cuda : std::string(", no GPU driver");
    if (target.name == "default") return fmt::format("({})", escaped(facts));
    return fmt::format("for target {} ({})", escaped(target.name), escaped(facts));
}

std::string shown_place(const SourcePos& pos) {
    if (pos.line == 0 || pos.file.empty()) return "command line";
    return fmt::format("{}:{}:{}", escaped(pos.file), pos.line, pos.column);
}

/// "conda: numpy >=2" as its world and its requirement.
std::pair<std::string, std::string> split_world(const std::string& requirement) {
    const std::size_t colon = requirement.find(": ");
    if (colon == std::string::npos) return {"", escaped(requirement)};
    const std::string world = requirement.substr(0, colon);
    return {world == "pypi" ? "PyPI" : escaped(world), escaped(requirement.substr(colon + 2))};
}

std::string requirement_lines(const Conflict& conflict, std::size_t columns) {
    Table table({{}, {Table::Align::left, true}, {}});
    for (std::size_t i = 0; i < conflict.requirements.size(); ++i) {
        const auto [world, requirement] = split_world(conflict.requirements[i]);
        const SourcePos pos = i < conflict.positions.size() ? conflict.positions[i] : SourcePos{{}, 0, 0};
        table.add({shown_place(pos), requirement, world});
    }
    return table.text(2, columns);
}

std::string repair_lines(const Conflict& conflict, const Painter& paint, std::size_t columns, bool verified) {
    Table table({{Table::Align::right, false}, {}, {Table::Align::left, true}});
    std::size_t number = 0;
    for (const Repair& repair : conflict.repairs) {
        if (repair.verified == verified)
            table.add({std::to_string(++number), shown_place(repair.pos), escaped(repair.change)});
    }
    if (number == 0) return {};
    const char* one = verified ? "this edit solves it (it was tried by solving again)"
                               : "this edit may help (it was not tried)";
    const char* many = verified ? "each of these edits alone solves it (each was tried by solving again)"
                                : "one of these edits may help (none was tried)";
    return fmt::format("{} {}\n", paint.help("help:"), number == 1 ? one : many) + table.text(2, columns);
}

}  // namespace

std::string unsatisfiable_report(const Conflict& conflict, const Painter& paint, std::size_t columns) {
    std::string out = fmt::format("{} {}\n", paint.error("error:"),
                                  paint.bold("no solution " + shown_target(conflict.target)));
    out += requirement_lines(conflict, columns);
    for (const std::string& sentence : conflict.chain) {
        out += "  " + (columns == 0 ? escaped(sentence) : wrapped(escaped(sentence), columns - 2, 4)) + "\n";
    }
    out += repair_lines(conflict, paint, columns, true);
    out += repair_lines(conflict, paint, columns, false);
    return out;
}

}  // namespace aimlock::cli
