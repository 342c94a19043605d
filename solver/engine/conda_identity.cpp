#include "solver/engine/conda_identity.hpp"

#include <algorithm>
#include <optional>

#include "solver/spec/match_spec.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::engine {
namespace {

/// conda versions use `_` where PyPI uses other separators: 1.2.3_4.
std::optional<Pep440Version> as_pep440(std::string_view conda_version) {
    std::string text(conda_version);
    std::ranges::replace(text, '_', '.');
    auto version = Pep440Version::parse(text);
    return version ? std::optional(*std::move(version)) : std::nullopt;
}

/// `pkg:pypi/name@version?…` -> name and version; nullopt for another type.
std::optional<std::pair<std::string, std::string>> parse_pypi_purl(std::string_view purl) {
    constexpr std::string_view scheme = "pkg:pypi/";
    if (!purl.starts_with(scheme)) return std::nullopt;
    purl.remove_prefix(scheme.size());
    purl = purl.substr(0, purl.find_first_of("?#"));
    const std::size_t at = purl.find('@');
    return std::pair(normalize_pypi_name(purl.substr(0, at)),
                     std::string(at == std::string_view::npos ? std::string_view{} : purl.substr(at + 1)));
}

}  // namespace

std::span<const Identity> CondaIdentities::of(std::string_view conda_name,
                                              std::uint32_t name,
                                              std::uint32_t version_key,
                                              const Repodata& repodata,
                                              const CondaRecord& record) {
    if (conda_name == "python") return {};
    const std::string_view conda_version = repodata.text(record.version);
    std::vector<Identity> identities;
    const auto add = [&](const std::string& pypi_name, std::string_view version) {
        if (auto parsed = as_pep440(version)) identities.push_back({pypi_name, *std::move(parsed)});
    };
    const auto purls = repodata.list(record.purls);
    if (!purls.empty()) {
        for (const TextId purl : purls) {
            if (const auto found = parse_pypi_purl(repodata.text(purl))) {
                add(found->first, found->second.empty() ? conda_version : std::string_view(found->second));
            }
        }
        return store_.add(identities);
    }
    const std::vector<std::string>& carried = names_carried(conda_name, name);
    if (carried.empty()) return {};
    const auto [entry, is_new] =
        known_.try_emplace((std::uint64_t{name} << 32U) | version_key, std::span<const Identity>{});
    if (is_new) {
        for (const std::string& pypi_name : carried) add(pypi_name, conda_version);
        entry->second = store_.add(identities);
    }
    return entry->second;
}

const std::vector<std::string>& CondaIdentities::names_carried(std::string_view conda_name,
                                                               std::uint32_t name) {
    const auto [entry, is_new] = carried_.try_emplace(name);
    if (!is_new) return entry->second;
    std::vector<std::string> mapped = name_map_->pypi_names(conda_name);
    if (mapped.size() > 1)
        std::erase_if(mapped, [&](const std::string& one) { return !carries(conda_name, one); });
    return entry->second = std::move(mapped);
}

// Name maps list vendored distributions too (setuptools -> platformdirs). A conda package is believed to
// carry a distribution of another name only where no package of that distribution's own name carries it, or
// where that package is a wrapper which depends on this one (nbconvert -> nbconvert-core).
bool CondaIdentities::carries(std::string_view conda_name, const std::string& pypi_name) const {
    if (normalize_pypi_name(conda_name) == pypi_name) return true;
    bool has_own = false;
    for (const std::string& other : name_map_->conda_names(pypi_name)) {
        if (other == conda_name || normalize_pypi_name(other) != pypi_name) continue;
        has_own = true;
        for (const ChannelIndex& source : *sources_) {
            const Repodata& repodata = source.repodata();
            for (const CondaRecord& record : repodata.records_named(other)) {
                for (const TextId depends : repodata.list(record.depends)) {
                    if (match_spec_name(repodata.text(depends)) == conda_name) return true;
                }
            }
        }
    }
    return !has_own;
}

}  // namespace aimlock::engine
