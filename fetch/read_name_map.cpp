#include "fetch/read_name_map.hpp"

#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr const char* map_name = "pypi_mapping.json";

Result<NameMap> read_file(const std::filesystem::path& file) {
    const std::optional<std::string> text = read_whole_file(file);
    if (!text) return fail(ErrorCode::io, "name map " + file.string() + ": cannot read");
    return NameMap::parse(*text, file.string());
}

}  // namespace

Result<NameMap> read_name_map(FetchSession& session,
                              const std::string& written,
                              const std::vector<std::string>& channels) {
    if (is_file_url(written)) return read_file(path_of_file_url(written));
    if (is_url(written)) {
        DocumentRequest request;
        request.url = session.learn(written);
        const auto document = session.get(request);
        if (!document) return tl::make_unexpected(document.error());
        if (!document->exists)
            return fail(ErrorCode::not_found,
                        "name map " + shown_url(written) + ": the server does not have it");
        return NameMap::parse(document->body, shown_url(written));
    }
    if (!written.empty()) return read_file(written);
    for (const std::string& channel : channels) {
        const std::filesystem::path folder =
            is_file_url(channel) ? path_of_file_url(channel)
                                 : std::filesystem::path(is_channel_url(channel) ? "" : channel);
        std::error_code failed;
        if (folder.empty() || !std::filesystem::is_directory(folder, failed)) continue;
        const std::filesystem::path whole = std::filesystem::canonical(folder, failed);
        for (const auto& place : {whole, whole.parent_path()}) {
            if (std::filesystem::is_regular_file(place / map_name, failed))
                return read_file(place / map_name);
        }
    }
    return NameMap::built_in();
}

}  // namespace aimlock
