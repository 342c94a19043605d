#include <algorithm>

#include <fmt/core.h>

#include "cli/render/json_documents.hpp"
#include "cli/render/reports.hpp"
#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

std::string level_word(FindingLevel level, const Painter& paint) {
    const std::string word = padded_right(finding_level_name(level), 5);
    if (level == FindingLevel::error) return paint.error(word);
    return level == FindingLevel::warn ? paint.warning(word) : word;
}

std::string finding_lines(const DriftFinding& finding, const Painter& paint, std::size_t columns) {
    const std::string kind = padded_right(escaped(finding.kind), 8);
    const std::string what = finding.path ? escaped(*finding.path) : escaped(finding.package);
    std::string cause = escaped(finding.cause);
    if (finding.path && !finding.package.empty()) cause += fmt::format(" ({})", escaped(finding.package));
    constexpr std::size_t indent = 15;
    const std::string line = fmt::format("{} {} {}", level_word(finding.level, paint), kind, what);
    if (cause.empty()) return line + "\n";
    if (!finding.path && columns > 0 && indent + display_width(what) + 2 + display_width(cause) <= columns) {
        return line + ": " + cause + "\n";
    }
    const std::string text = columns > indent ? wrapped(cause, columns - indent, indent) : cause;
    return line + "\n" + std::string(indent, ' ') + text + "\n";
}

}  // namespace

std::string audit_report(std::span<const DriftFinding> findings,
                         std::size_t package_count,
                         const Painter& paint,
                         std::size_t columns) {
    if (findings.empty()) return fmt::format("No drift in {}\n", counted(package_count, "package"));
    std::string out;
    for (const DriftFinding& finding : findings) out += finding_lines(finding, paint, columns);
    std::string levels;
    for (const FindingLevel level : {FindingLevel::error, FindingLevel::warn, FindingLevel::note}) {
        const auto number = std::ranges::count(findings, level, &DriftFinding::level);
        if (number == 0) continue;
        levels += fmt::format("{}{} {}", levels.empty() ? "" : ", ", number, finding_level_name(level));
    }
    out += fmt::format("{} in {}: {}\n", counted(findings.size(), "finding"),
                       counted(package_count, "package"), levels);
    std::string help;
    for (const DriftFinding& finding : findings) {
        if (help.empty() && !finding.help.empty()) help = finding.help;
    }
    if (!help.empty()) out += paint.help("help:") + " " + escaped(help) + "\n";
    return out;
}

}  // namespace aimlock::cli
