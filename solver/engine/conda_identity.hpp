#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "solver/engine/channel_index.hpp"
#include "solver/engine/span_store.hpp"
#include "solver/model/name_map.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// A PyPI distribution that a conda record carries, at the version that PyPI requirements compare with.
struct Identity {
    std::string name;  ///< normalised
    Pep440Version version;
};

/// Which PyPI distributions conda records carry: by their package URLs, else by the name map.
class CondaIdentities {
public:
    CondaIdentities(const NameMap& name_map, const std::vector<ChannelIndex>& sources)
        : name_map_(&name_map), sources_(&sources) {}

    /// Of one record; the span lives as long as this. `version_key`: equal for records of equal version text.
    std::span<const Identity> of(std::string_view conda_name,
                                 std::uint32_t name,
                                 std::uint32_t version_key,
                                 const Repodata& repodata,
                                 const CondaRecord& record);

private:
    const std::vector<std::string>& names_carried(std::string_view conda_name, std::uint32_t name);
    [[nodiscard]] bool carries(std::string_view conda_name, const std::string& pypi_name) const;

    const NameMap* name_map_;
    const std::vector<ChannelIndex>* sources_;
    std::unordered_map<std::uint32_t, std::vector<std::string>> carried_;  // by conda name
    std::unordered_map<std::uint64_t, std::span<const Identity>> known_;   // by conda name and version
    SpanStore<Identity> store_;
};

}  // namespace aimlock::engine
