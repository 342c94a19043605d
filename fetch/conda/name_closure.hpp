#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "solver/model/name_map.hpp"
#include "solver/model/repodata.hpp"
#include "solver/spec/match_spec.hpp"

namespace aimlock {

/// Which names a platform's requirements reach: theirs, those that records of these depend on, and so on.
/// What a record constrains, and what a condition names, is not reached by that: such a package is there only
/// when something else asks for it. The set at the end does not depend on the order of documents.
class NameClosure {
public:
    /// `map` may be null: then no name is looked at for what its packages carry.
    explicit NameClosure(const NameMap* map) : map_(map) {}

    void want(const MatchSpec& spec);
    /// Follows the records of `name` in a document that stays where it is, now or once it is wanted.
    void take(const std::string& name, const Repodata& document);
    /// Names to look for in every document, each handed out once.
    [[nodiscard]] std::vector<std::string> new_names();
    [[nodiscard]] bool contains(std::string_view name) const { return names_.contains(name); }
    /// All names, ascending: what the request may need.
    [[nodiscard]] std::vector<std::string> names() const;
    /// True where a document has records of `name`.
    [[nodiscard]] bool found(std::string_view name) const;

private:
    struct Name {
        bool wanted = false;  ///< false: only looked at, its dependencies are nobody's
        std::set<std::string, std::less<>> extras;
        std::vector<const Repodata*> documents;
    };
    void want_name(const std::string& name, const std::vector<std::string>& extras);
    void look_at_wrappers(const std::string& name);
    Name& entry(const std::string& name);
    void open_dependencies(const Repodata& document, std::string_view name, const std::string* extra);
    void follow_open();

    const NameMap* map_;
    std::map<std::string, Name, std::less<>> names_;
    std::vector<std::string> new_names_;
    std::unordered_set<std::string> followed_;  // texts of dependencies
    std::vector<std::string> open_;             // of them, those still to be followed
};

}  // namespace aimlock
