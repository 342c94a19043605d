#include "fetch/conda/name_closure.hpp"

#include <algorithm>
#include <utility>

#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

/// Virtual packages come from no channel, and a glob names nothing that could be looked for.
bool is_name_of_a_package(std::string_view name) {
    return !name.empty() && !name.starts_with("__") && name.find_first_of("*?^$/") == std::string_view::npos;
}

}  // namespace

NameClosure::Name& NameClosure::entry(const std::string& name) {
    const auto [found, is_new] = names_.try_emplace(name);
    if (is_new) new_names_.push_back(name);
    return found->second;
}

bool NameClosure::found(std::string_view name) const {
    const auto entry = names_.find(name);
    return entry != names_.end() && !entry->second.documents.empty();
}

std::vector<std::string> NameClosure::new_names() {
    return std::exchange(new_names_, {});
}

std::vector<std::string> NameClosure::names() const {
    std::vector<std::string> all;
    for (const auto& [name, asked] : names_) all.push_back(name);
    return all;
}

void NameClosure::want(const MatchSpec& spec) {
    want_name(lower_case(spec.name), spec.extras);
    follow_open();
}

void NameClosure::want_name(const std::string& name, const std::vector<std::string>& extras) {
    if (!is_name_of_a_package(name)) return;
    Name& asked = entry(name);
    if (!std::exchange(asked.wanted, true)) {
        for (const Repodata* document : asked.documents) open_dependencies(*document, name, nullptr);
        look_at_wrappers(name);
    }
    for (const std::string& extra : extras) {
        if (!asked.extras.insert(extra).second) continue;
        for (const Repodata* document : asked.documents) open_dependencies(*document, name, &extra);
    }
}

// The solver believes that a record carries a distribution of another name where the package of that name is
// a wrapper that depends on it (nbconvert -> nbconvert-core): it must see the wrapper's records for that.
void NameClosure::look_at_wrappers(const std::string& name) {
    if (map_ == nullptr) return;
    const std::vector<std::string> carried = map_->pypi_names(name);
    if (carried.size() < 2) return;
    for (const std::string& pypi_name : carried) {
        if (normalize_pypi_name(name) == pypi_name) continue;
        for (const std::string& other : map_->conda_names(pypi_name)) {
            if (other != name && normalize_pypi_name(other) == pypi_name) (void)entry(other);
        }
    }
}

void NameClosure::take(const std::string& name, const Repodata& document) {
    Name& asked = entry(name);
    if (document.run_of(name).size == 0) return;
    asked.documents.push_back(&document);
    if (!asked.wanted) return;
    open_dependencies(document, name, nullptr);
    for (const std::string& extra : asked.extras) open_dependencies(document, name, &extra);
    follow_open();
}

/// What the records of a name depend on, or what an extra of them does.
void NameClosure::open_dependencies(const Repodata& document,
                                    std::string_view name,
                                    const std::string* extra) {
    std::unordered_set<std::uint32_t> lists;  // equal lists lie once
    std::unordered_set<std::uint32_t> texts;
    const auto open = [&](TextId text) {
        if (!texts.insert(text.index).second) return;
        const auto [spec, is_new] = followed_.emplace(document.text(text));
        if (is_new) open_.push_back(*spec);
    };
    for (const CondaRecord& record : document.records_named(name)) {
        const TextList run = extra == nullptr ? record.depends : record.extra_depends;
        if (run.size == 0 || !lists.insert(run.begin).second) continue;
        const auto list = document.list(run);
        for (std::size_t i = 0; extra == nullptr && i < list.size(); ++i) open(list[i]);
        for (std::size_t i = 0; extra != nullptr && i + 1 < list.size(); i += 2) {
            if (document.text(list[i]) == *extra) open(list[i + 1]);
        }
    }
}

void NameClosure::follow_open() {
    while (!open_.empty()) {
        const std::string spec = std::move(open_.back());
        open_.pop_back();
        std::vector<std::string> extras;
        if (spec.find("extras") != std::string::npos) {
            if (auto parsed = MatchSpec::parse(spec)) extras = std::move(parsed->extras);
        }
        want_name(lower_case(match_spec_name(spec)), extras);
    }
}

}  // namespace aimlock
