#include "image/replay/built_wheel.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "fetch/pypi/remote_zip.hpp"
#include "solver/spec/requirement.hpp"
#include "solver/spec/wheel.hpp"

namespace aimlock {
namespace {

/// The number behind the last dot of "3.12" or "2.35"; 0: there is none.
unsigned minor_of(std::string_view version) {
    const std::size_t dot = version.find('.');
    unsigned minor = 0;
    if (dot != std::string_view::npos)
        std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
    return minor;
}

TagPlatform platform_of(const LockTarget& target, const PrefixLayout& layout) {
    TagPlatform platform;
    platform.python_minor = minor_of(layout.python_version);
    platform.free_threaded = layout.site_packages.ends_with("t/site-packages");
    platform.conda_subdir = target.platform;
    for (const VirtualPackage& fact : target.virtual_packages) {
        if (fact.name == "__glibc") platform.glibc_minor = minor_of(fact.version);
    }
    return platform;
}

std::set<std::string> canonical(const std::vector<std::string>& requirements) {
    std::set<std::string> texts;
    for (const std::string& text : requirements) {
        const auto requirement = Requirement::parse(text);
        texts.insert(requirement ? requirement->text() : text);
    }
    return texts;
}

}  // namespace

Result<void> check_built_wheel(const std::filesystem::path& wheel,
                               const Package& package,
                               const LockTarget& target,
                               const PrefixLayout& layout) {
    const std::string file = wheel.filename().string();
    const auto wrong = [&](const std::string& why) {
        return fail(ErrorCode::integrity, fmt::format("what came out, {}, {}", shown_name(file), why));
    };
    const auto name = WheelName::parse(file);
    if (!name) return wrong("is no wheel: " + name.error().message);
    const auto version = Pep440Version::parse(package.version);
    if (name->name != package.name || !version || name->version != *version)
        return wrong(fmt::format("is not {} {}", package.name, package.version));
    if (!CompatibleTags(platform_of(target, layout)).rank(file))
        return wrong("does not fit the target's Python and platform");
    const auto mapped = MappedFile::open(wheel);
    if (!mapped) return tl::make_unexpected(mapped.error());
    const auto text = metadata_of_wheel(mapped->bytes(), file);
    if (!text) return tl::make_unexpected(text.error());
    const auto metadata = parse_core_metadata(*text, file);
    if (!metadata) return tl::make_unexpected(metadata.error());
    const std::set<std::string> locked = canonical(package.depends);
    for (const std::string& requirement : canonical(metadata->requires_dist)) {
        if (!locked.contains(requirement))
            return wrong("requires `" + shown_name(requirement) + "`, which its sources did not say");
    }
    return {};
}

}  // namespace aimlock
