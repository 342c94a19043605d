#include <fmt/format.h>
#include <simdjson.h>

#include "fetch/compression.hpp"
#include "fetch/pypi/page_builder.hpp"
#include "fetch/url.hpp"

namespace aimlock::pypi {
namespace {

namespace json = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

/// `core-metadata` (PEP 714) and `dist-info-metadata` (PEP 658): true, or the hashes of the document.
void read_core_metadata(json::value& value, ListedFile& file) {
    bool announced = false;
    json::object hashes;
    if (value.get_bool().get(announced) == SUCCESS) {
        file.has_core_metadata = announced;
    } else if (value.get_object().get(hashes) == SUCCESS) {
        file.has_core_metadata = true;
        std::string_view hex;
        if (hashes["sha256"].get_string().get(hex) != SUCCESS) return;
        file.core_metadata_sha256 = Sha256::from_hex(hex).value_or(Sha256{});
    }
}

/// PEP 592: false, true, or the reason.
void read_yanked(json::value& value, ListedFile& file) {
    std::string_view reason;
    bool flag = false;
    if (value.get_string().get(reason) == SUCCESS) {
        file.yanked = true;
        file.yanked_reason = reason;
    } else if (value.get_bool().get(flag) == SUCCESS) {
        file.yanked = flag;
    }
}

void read_sha256(json::value& value, ListedFile& file) {
    json::object hashes;
    std::string_view hex;
    if (value.get_object().get(hashes) != SUCCESS || hashes["sha256"].get_string().get(hex) != SUCCESS)
        return;
    file.sha256 = Sha256::from_hex(hex).value_or(Sha256{});
}

error_code read_field(std::string_view key, json::value& value, ListedFile& file) {
    std::string_view text;
    switch (key.size()) {
        case 3:
            if (key == "url" && value.get_string().get(text) == SUCCESS) file.url = text;
            break;
        case 4:
            if (key == "size" && value.get_uint64().get(file.size_bytes) != SUCCESS) file.size_bytes = 0;
            break;
        case 6:
            if (key == "hashes") read_sha256(value, file);
            if (key == "yanked") read_yanked(value, file);
            break;
        case 11:
            if (key == "upload-time" && value.get_string().get(text) == SUCCESS)
                file.upload_time_ms = parse_upload_time(text).value_or(0);
            break;
        case 13:
            if (key == "core-metadata") {
                file.has_core_metadata = false;  // the new key counts where both are given
                read_core_metadata(value, file);
            }
            break;
        case 15:
            if (key == "requires-python" && value.get_string().get(text) == SUCCESS)
                file.requires_python = text;
            break;
        case 18:
            if (key == "dist-info-metadata" && !file.has_core_metadata) read_core_metadata(value, file);
            break;
        default:
            break;
    }
    return SUCCESS;
}

error_code read_file(json::object& object, PageBuilder& builder) {
    std::string_view file_name;
    // The name first: what is neither wheel nor sdist ends here, and the rest of its object is skipped
    // unread.
    if (const error_code code = object.find_field_unordered("filename").get_string().get(file_name);
        code != SUCCESS)
        return code;
    if (!builder.wants(file_name)) return SUCCESS;
    if (const error_code code = object.reset().error(); code != SUCCESS) return code;
    ListedFile file;
    file.file_name = file_name;
    for (auto field : object) {
        std::string_view key;
        if (const error_code code = field.unescaped_key().get(key); code != SUCCESS) return code;
        json::value value;
        if (const error_code code = field.value().get(value); code != SUCCESS) return code;
        if (const error_code code = read_field(key, value, file); code != SUCCESS) return code;
    }
    builder.add(file);
    return SUCCESS;
}

/// `"status": "archived"` or `"status": {"status": "archived", "reason": …}`.
void read_status(json::value& value, PageBuilder& builder) {
    std::string_view text;
    json::object object;
    if (value.get_string().get(text) == SUCCESS) {
        builder.set_status(text);
    } else if (value.get_object().get(object) == SUCCESS &&
               object["status"].get_string().get(text) == SUCCESS) {
        builder.set_status(text);
    }
}

error_code read_page(json::document& document, PageBuilder& builder, std::string& version, bool& has_files) {
    json::object page;
    if (const error_code code = document.get_object().get(page); code != SUCCESS) return code;
    for (auto field : page) {
        std::string_view key;
        if (const error_code code = field.unescaped_key().get(key); code != SUCCESS) return code;
        json::value value;
        if (const error_code code = field.value().get(value); code != SUCCESS) return code;
        if (key == "files") {
            has_files = true;
            json::array files;
            if (const error_code code = value.get_array().get(files); code != SUCCESS) return code;
            for (auto entry : files) {
                json::object object;
                if (const error_code code = entry.get_object().get(object); code != SUCCESS) return code;
                if (const error_code code = read_file(object, builder); code != SUCCESS) return code;
            }
        } else if (key == "meta") {
            json::object meta;
            std::string_view text;
            if (value.get_object().get(meta) == SUCCESS &&
                meta["api-version"].get_string().get(text) == SUCCESS)
                version = text;
        } else if (key == "project-status" || key == "status") {
            read_status(value, builder);
        }
    }
    return SUCCESS;
}

}  // namespace

Result<std::string> pack_json_page(std::string_view body, const std::string& url) {
    // Strings are views into the parser's own buffer.
    json::parser parser;
    const simdjson::padded_string_view view(body.data(), body.size(), body.size() + text_padding);
    PageBuilder builder(url);
    json::document document;
    std::string version;
    bool has_files = false;
    error_code code = parser.iterate(view).get(document);
    if (code == SUCCESS) code = read_page(document, builder, version, has_files);
    if (code != SUCCESS || !has_files) {
        const std::string why = code == SUCCESS ? "it lists no `files`" : simdjson::error_message(code);
        return fail(ErrorCode::index, fmt::format("{}: not an index page: {}", shown_url(url), why),
                    "Try `--refresh`");
    }
    if (!version.empty() && !version.starts_with("1.")) {
        return fail(ErrorCode::index,
                    fmt::format("{}: the index speaks version {} of its interface, and aimlock version 1",
                                shown_url(url), version));
    }
    return builder.finish();
}

}  // namespace aimlock::pypi
