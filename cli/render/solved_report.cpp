#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/core.h>

#include "cli/render/reports.hpp"
#include "cli/render/table.hpp"
#include "cli/render/text.hpp"
#include "solver/version/conda_version.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::cli {
namespace {

const char* world(PackageKind kind) {
    return kind == PackageKind::conda ? "conda" : "PyPI";
}

/// Below, at or above zero as `before` is older, equal or newer than `after`; 0 for texts that are no
/// versions.
int compare_versions(PackageKind kind, const std::string& before, const std::string& after) {
    const auto sign = [](auto order) { return order < 0 ? -1 : order > 0 ? 1 : 0; };
    if (kind == PackageKind::conda) {
        const auto a = CondaVersion::parse(before);
        const auto b = CondaVersion::parse(after);
        return a && b ? sign(*a <=> *b) : 0;
    }
    const auto a = Pep440Version::parse(before);
    const auto b = Pep440Version::parse(after);
    return a && b ? sign(*a <=> *b) : 0;
}

// Packages by kind and name; two targets may lock two versions of one name.
using Versions = std::multimap<std::pair<PackageKind, std::string>, const Package*>;

Versions versions_of(const Lock& lock) {
    Versions all;
    for (const LockPackage& locked : lock.packages)
        all.emplace(std::pair{locked.package.kind, locked.package.name}, &locked.package);
    return all;
}

struct Change {
    const char* word;
    const Package* before;
    const Package* after;
};

std::optional<Change> change_of(const Package& before, const Package& after) {
    const int order = compare_versions(after.kind, before.version, after.version);
    if (order < 0) return Change{"up", &before, &after};
    if (order > 0) return Change{"down", &before, &after};
    if (before.build != after.build || before.sha256 != after.sha256)
        return Change{"rebuilt", &before, &after};
    if (before.url != after.url) return Change{"moved", &before, &after};
    return std::nullopt;
}

std::vector<Change> changes_of(const Versions& before, const Versions& after) {
    std::vector<Change> changes;
    for (const auto& [key, chosen] : after) {
        const Package* package = chosen;  // clang 14 captures no structured binding
        const auto [first, last] = before.equal_range(key);
        if (first == last) {
            changes.push_back({"new", nullptr, package});
            continue;
        }
        const bool known =
            std::any_of(first, last, [&](const auto& old) { return !change_of(*old.second, *package); });
        if (!known) changes.push_back(*change_of(*first->second, *package));
    }
    for (const auto& [key, package] : before) {
        if (after.count(key) == 0) changes.push_back({"gone", package, nullptr});
    }
    constexpr std::string_view order = "up down rebuilt moved new gone";
    std::ranges::stable_sort(changes, {}, [&](const Change& change) { return order.find(change.word); });
    return changes;
}

std::string version_text(const Package& package) {
    return escaped(package.version) +
           (package.kind == PackageKind::conda ? " " + escaped(package.build) : std::string());
}

std::string shown_change(const Change& change) {
    if (change.before == nullptr) return escaped(change.after->version);
    if (change.after == nullptr) return escaped(change.before->version);
    if (change.before->version != change.after->version) {
        return fmt::format("{} -> {}", escaped(change.before->version), escaped(change.after->version));
    }
    return fmt::format("{} -> {}", version_text(*change.before), version_text(*change.after));
}

}  // namespace

std::string solved_line(const Solution& solution, const Painter& paint) {
    const auto conda =
        static_cast<std::uint64_t>(std::ranges::count(solution.packages, PackageKind::conda, &Package::kind));
    const std::uint64_t pypi = solution.packages.size() - conda;
    return fmt::format("{} {}  {} conda + {} PyPI", paint.good("Solved"), escaped(solution.target.name),
                       grouped(conda), grouped(pypi));
}

std::string apart_line(const Apart& apart) {
    std::string text = fmt::format("{} ({}) is ", escaped(apart.name), world(apart.kind));
    for (std::size_t i = 0; i < apart.versions.size(); ++i) {
        text += fmt::format("{}{} for {}", i == 0 ? "" : ", ", escaped(apart.versions[i].second),
                            escaped(apart.versions[i].first));
    }
    return apart.reason.empty() ? text : text + ": " + escaped(apart.reason);
}

std::string changes_report(const Lock& before, const Lock& after, std::size_t columns, std::size_t limit) {
    const std::vector<Change> changes = changes_of(versions_of(before), versions_of(after));
    Table table({{}, {Table::Align::left, true}, {Table::Align::left, true}, {}});
    for (const Change& change : changes) {
        if (limit-- == 0) break;
        const Package& package = change.after != nullptr ? *change.after : *change.before;
        table.add({change.word, escaped(package.name), shown_change(change), world(package.kind)});
    }
    std::string out = table.text(2, columns);
    const auto shown = static_cast<std::size_t>(std::ranges::count(out, '\n'));
    if (shown < changes.size()) out += fmt::format("  and {} more\n", grouped(changes.size() - shown));
    return out;
}

std::string package_report(const Solution& solution, std::size_t columns) {
    Table table(
        {{}, {Table::Align::left, true}, {}, {Table::Align::left, true}, {Table::Align::right, false}});
    for (const Package& package : solution.packages) {
        table.add({world(package.kind), escaped(package.name), escaped(package.version),
                   escaped(package.build),
                   package.size_bytes == 0 ? std::string() : size_text(package.size_bytes)});
    }
    return table.text(2, columns);
}

}  // namespace aimlock::cli
