#include "solver/model/request.hpp"

#include <algorithm>

namespace aimlock {
namespace {

bool names(const std::vector<std::string>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

bool SourcePolicy::may_build(std::string_view name) const {
    if (!takes_wheels(name) || names(allowed, name)) return true;
    return all && !names(never, name);
}

bool SourcePolicy::takes_wheels(std::string_view name) const {
    return !no_wheels && !names(sources_only, name);
}

}  // namespace aimlock
