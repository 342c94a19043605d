#include "image/replay/build_order.hpp"

#include <algorithm>
#include <map>

#include "solver/spec/package_name.hpp"
#include "solver/spec/requirement.hpp"

namespace aimlock {
namespace {

using ByName = std::map<std::string, const Package*>;

ByName by_name(std::span<const Package* const> packages) {
    ByName found;
    for (const Package* package : packages) {
        if (package->kind == PackageKind::pypi) found.emplace(normalize_pypi_name(package->name), package);
    }
    return found;
}

void add_needs(const std::vector<std::string>& requirements,
               const ByName& known,
               std::set<std::string>& needs) {
    for (const std::string& text : requirements) {
        const auto requirement = Requirement::parse(text);
        if (!requirement || !needs.insert(requirement->name).second) continue;
        const auto package = known.find(requirement->name);
        if (package == known.end()) {
            needs.erase(requirement->name);
            continue;
        }
        add_needs(package->second->depends, known, needs);
    }
}

void place(const Package& package,
           std::span<const Package* const> packages,
           const ByName& known,
           std::set<const Package*>& seen,
           std::vector<const Package*>& order) {
    if (package.artifact == ArtifactKind::wheel || !seen.insert(&package).second) return;
    for (const std::string& name : needed_to_build(package, packages)) {
        if (const auto other = known.find(name); other != known.end())
            place(*other->second, packages, known, seen, order);
    }
    order.push_back(&package);
}

}  // namespace

std::set<std::string> needed_to_build(const Package& package, std::span<const Package* const> packages) {
    std::set<std::string> needs;
    const ByName known = by_name(packages);
    add_needs(package.build_requires, known, needs);
    needs.erase(normalize_pypi_name(package.name));
    return needs;
}

std::vector<const Package*> build_order(std::span<const Package* const> packages) {
    const ByName known = by_name(packages);
    std::set<const Package*> seen;
    std::vector<const Package*> order;
    for (const auto& [name, package] : known) place(*package, packages, known, seen, order);
    return order;
}

}  // namespace aimlock
