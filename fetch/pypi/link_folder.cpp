#include "fetch/pypi/link_folder.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "fetch/environment.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

bool is_wanted(const std::string& file, const std::string& name, const PageFilter& filter) {
    const bool may_be =
        file.ends_with(".whl") ? filter.wheels && (!filter.keep || filter.keep(file)) : filter.sdists;
    return may_be && project_in_file_name(file) == name;
}

}  // namespace

Result<void> add_files_of_folder(const std::string& written, const PageFilter& filter, ProjectPage& page) {
    std::error_code failed;
    std::filesystem::path folder =
        is_file_url(written) ? path_of_file_url(written) : std::filesystem::path(written);
    folder = std::filesystem::absolute(folder, failed).lexically_normal();
    std::vector<std::filesystem::path> wheels;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        if (is_wanted(entry.path().filename().string(), page.name, filter)) wheels.push_back(entry.path());
    }
    if (failed)
        return fail(ErrorCode::io, fmt::format("{}: cannot list: {}", folder.string(), failed.message()));
    std::ranges::sort(wheels);
    for (const auto& path : wheels) {
        const auto content = read_whole_file(path);
        if (!content) return fail(ErrorCode::io, path.string() + ": cannot read");
        WheelFile file;
        file.file_name = path.filename().string();
        if (!file.file_name.ends_with(".whl")) file.kind = ArtifactKind::sdist;
        file.url = file_url_of(path);
        file.sha256 = sha256_of(*content);
        file.size_bytes = content->size();
        const std::string_view version = version_in_file_name(file.file_name);
        std::erase_if(page.unusable, [&](const auto& entry) { return entry.first == version; });
        page.wheels.push_back(std::move(file));
        if (!page.exists) page.index = without_trailing_slashes(file_url_of(folder));
        page.exists = true;
    }
    return {};
}

}  // namespace aimlock
