#include "fetch/pypi/link_page.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "fetch/pypi/page_builder.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

/// What keeps a file from being a candidate; nullopt: nothing does.
std::optional<UnusableReason> refusal_of(const WheelFile& file, const PageFilter& filter) {
    if (file.kind != ArtifactKind::wheel) {
        if (!filter.sdists) return UnusableReason::sdist_only;
    } else if (!filter.wheels || (filter.keep && !filter.keep(file.file_name))) {
        return UnusableReason::no_matching_wheel;
    }
    if (filter.exclude_newer_ms) return UnusableReason::after_cutoff;
    return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const LinkPage>> read_link_page(FetchSession& session, const std::string& url) {
    PageFilter everything;
    everything.sdists = true;
    std::optional<ProjectPage> listed;
    DocumentRequest request;
    request.url = url;
    request.key = "links:" + url;  // the same address may be an index's page, whose form holds other names
    request.accept = "text/html, */*;q=0.1";
    request.form = packed_page_form;
    request.condense = &pypi::pack_link_page;
    request.check = [&](std::string_view packed) {
        listed = unpack_page(packed, {{}, {}, {}}, everything);
        return listed ? Result<void>{} : fail(ErrorCode::internal, "a packed page cannot be read");
    };
    const auto document = session.get(request);
    if (!document) return tl::make_unexpected(document.error());
    if (!document->exists || !listed) {
        return fail(ErrorCode::not_found, shown_url(url) + ": there is no such page of links",
                    "Check the address in `find-links`");
    }
    auto page = std::make_shared<LinkPage>();
    if (const auto parts = split_url(url)) page->origin = parts->origin();
    for (WheelFile& file : listed->wheels) {
        file.origin = page->origin;
        if (const std::string name = project_in_file_name(file.file_name); !name.empty())
            page->files[name].push_back(std::move(file));
    }
    return page;
}

void add_files_of_page(const LinkPage& links, const PageFilter& filter, ProjectPage& page) {
    const auto found = links.files.find(page.name);
    if (found == links.files.end()) return;
    if (!page.exists) page.index = links.origin;
    page.exists = true;
    std::map<std::string, UnusableReason> refused;
    for (const WheelFile& file : found->second) {
        const std::string version(version_in_file_name(file.file_name));
        if (const auto why = refusal_of(file, filter)) {
            UnusableReason& of_version = refused.try_emplace(version, *why).first->second;
            of_version = std::max(of_version, *why);
            continue;
        }
        std::erase_if(page.unusable, [&](const auto& entry) { return entry.first == version; });
        page.wheels.push_back(file);
    }
    for (const auto& [version, why] : refused) {
        const auto same = [&, &text = version](const auto& entry) { return entry.first == text; };
        const bool kept = std::ranges::any_of(page.wheels, [&, &text = version](const WheelFile& file) {
            return version_in_file_name(file.file_name) == text;
        });
        if (!kept && std::ranges::none_of(page.unusable, same)) page.unusable.emplace_back(version, why);
    }
    std::ranges::sort(page.unusable);
}

}  // namespace aimlock
