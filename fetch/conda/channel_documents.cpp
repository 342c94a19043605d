#include "fetch/conda/channel_documents.hpp"

#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "fetch/conda/kept_warnings.hpp"
#include "fetch/conda/packed_repodata.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::string_view shard_index_name = "repodata_shards.msgpack.zst";
constexpr std::array names_on_servers{shard_index_name, std::string_view("repodata.json.zst"),
                                      std::string_view("repodata.json"),
                                      std::string_view("repodata.json.bz2")};
constexpr std::array names_in_folders{std::string_view("repodata.json.zst"),
                                      std::string_view("repodata.json"),
                                      std::string_view("repodata.json.bz2"), shard_index_name};
/// A registry has one artifact a subdir, whose layers are the document's compressions.
constexpr std::array names_in_registries{std::string_view("repodata.json")};
constexpr std::uint64_t shard_cap = std::uint64_t{64} << 20U;

std::span<const std::string_view> document_names(const RepodataOrigin& origin) {
    if (is_oci_url(origin.subdir_url)) return names_in_registries;
    return is_file_url(origin.subdir_url) ? std::span<const std::string_view>(names_in_folders)
                                          : names_on_servers;
}

Result<void> cannot_be_read() {
    return fail(ErrorCode::internal, "the packed form cannot be read");
}

DocumentRequest index_request(const RepodataOrigin& origin) {
    DocumentRequest request;
    request.form = packed_shard_index_form();
    request.body_cap = shard_cap;
    request.forbidden_is_absent = true;  // whether the channel itself is forbidden, its other documents tell
    request.condense = [origin](std::string_view body, const std::string&) {
        return pack_shard_index(body, origin);
    };
    request.check = [](std::string_view packed) {
        return open_shard_index(packed, nullptr) ? Result<void>{} : cannot_be_read();
    };
    return request;
}

Result<void> check_repodata(std::string_view packed, const RepodataOrigin& origin) {
    KeptWarnings unsaid;
    return open_packed_repodata(packed, nullptr, origin, unsaid) ? Result<void>{} : cannot_be_read();
}

/// The end of the name that a layer's document would have in a folder: a registry gives it none.
std::string_view name_of_layer(std::string_view body) {
    if (body.starts_with("\x28\xb5\x2f\xfd")) return ".zst";
    return body.starts_with("BZh") ? ".bz2" : ".json";
}

DocumentRequest repodata_request(const RepodataOrigin& origin, std::string_view name) {
    DocumentRequest request;
    request.form = packed_repodata_form();
    request.condense = [origin, name](std::string_view body, const std::string&) -> Result<std::string> {
        KeptWarnings warnings;
        const std::string_view kind =
            is_oci_url(origin.subdir_url) ? name_of_layer(body) : name.substr(name.rfind('.'));
        auto repodata = parse_repodata(body, kind, origin, warnings);
        if (!repodata) return tl::make_unexpected(repodata.error());
        return pack_repodata(*std::move(repodata), warnings.said);
    };
    request.check = [origin](std::string_view packed) { return check_repodata(packed, origin); };
    return request;
}

Result<SubdirDocument> open_subdir(Document document, const RepodataOrigin& origin, bool is_index, Log& log) {
    const auto held = std::make_shared<const Document>(std::move(document));
    if (is_index) {
        if (auto index = open_shard_index(held->bytes(), held)) return SubdirDocument(*std::move(index));
    } else if (auto repodata = open_packed_repodata(held->bytes(), held, origin, log)) {
        return SubdirDocument(*std::move(repodata));
    }
    return fail(ErrorCode::internal, origin.document + ": its packed form cannot be read");
}

}  // namespace

/// A shard on its way.
struct ChannelDocuments::ShardAsked {
    std::size_t subdir = 0;
    std::string name;
    std::string base_url;
    RepodataOrigin origin;
    DocumentRequest request;
    bool again = false;
};

ChannelDocuments::ChannelDocuments(FetchSession& session) : session_(session), log_(session) {}

ChannelDocuments::~ChannelDocuments() {
    while (pending_ != 0) (void)wait();
}

void ChannelDocuments::ask_subdir(std::size_t subdir, RepodataOrigin origin) {
    ++pending_;
    ask_document(subdir, std::move(origin), 0);
}

/// Asks for the document of `which` kind, and for the next kind where a server does not have it.
void ChannelDocuments::ask_document(std::size_t subdir, RepodataOrigin origin, std::size_t which) {
    const std::string_view name = document_names(origin)[which];
    const bool is_index = name == shard_index_name;
    const std::string url = origin.subdir_url + std::string(name);
    origin.document = is_file_url(url) ? path_of_file_url(url).string() : shown_url(url);
    DocumentRequest request = is_index ? index_request(origin) : repodata_request(origin, name);
    request.url = url;
    request.remember_absence = true;
    session_.ask(request, [this, subdir, which, origin, is_index](Result<Document> document) {
        // Without a request, what the cache has of the channel counts, whichever document it is.
        const bool missed = is_index && !document && document.error().code == ErrorCode::offline_miss;
        if (!missed && !document) {
            return put(SubdirArrived{subdir, tl::make_unexpected(std::move(document.error()))});
        }
        if (!missed && document->exists)
            return put(SubdirArrived{subdir, open_subdir(std::move(*document), origin, is_index, log_)});
        if (which + 1 < document_names(origin).size()) return ask_document(subdir, origin, which + 1);
        put(SubdirArrived{subdir, SubdirDocument()});
    });
}

void ChannelDocuments::ask_shard(std::size_t subdir,
                                 const RepodataOrigin& origin,
                                 const ShardIndex& index,
                                 const std::string& name,
                                 const Sha256& digest) {
    ++pending_;
    auto asked = std::make_shared<ShardAsked>();
    asked->subdir = subdir;
    asked->name = name;
    asked->base_url = index.base_url;
    asked->origin = origin;
    DocumentRequest& request = asked->request;
    request.url = index.shard_url(digest);
    // Listed under two names, it is two forms: the records of the one, and of the other.
    request.key = "shard-of-sha256:" + digest.hex() + ":" + name;
    asked->origin.document =
        is_file_url(request.url) ? path_of_file_url(request.url).string() : shown_url(request.url);
    request.immutable = true;
    request.form = packed_repodata_form();
    request.body_cap = shard_cap;
    request.condense = [digest, name, from = asked->origin](std::string_view body, const std::string&) {
        return pack_shard(body, digest, name, from);
    };
    request.check = [from = asked->origin](std::string_view packed) { return check_repodata(packed, from); };
    if (auto document = session_.at_hand(request)) return shard_answered(asked, *std::move(document));
    session_.ask(request,
                 [this, asked](Result<Document> document) { shard_answered(asked, std::move(document)); });
}

void ChannelDocuments::shard_answered(const std::shared_ptr<ShardAsked>& asked, Result<Document> document) {
    const bool damaged = !document && (document.error().code == ErrorCode::integrity ||
                                       document.error().code == ErrorCode::repodata);
    if (damaged && !std::exchange(asked->again, true)) {
        session_.say(LogLevel::detail, document.error().message + "; asking once more");
        return session_.ask(asked->request, [this, asked](Result<Document> second) {
            shard_answered(asked, std::move(second));
        });
    }
    auto records = document ? open_shard(*asked, std::move(*document))
                            : Result<Repodata>(tl::make_unexpected(std::move(document.error())));
    if (!records)
        records.error().message =
            fmt::format("shard `{}` of channel `{}`: ", asked->name, asked->origin.channel) +
            records.error().message;
    put(ShardArrived{asked->subdir, asked->name, std::move(records)});
}

Result<Repodata> ChannelDocuments::open_shard(const ShardAsked& asked, Document document) {
    if (!document.exists) {
        return fail(ErrorCode::not_found,
                    asked.origin.document + " is in the channel's index, but the server does not have it",
                    "Try `--refresh`: the index in the cache may be older than what the server keeps");
    }
    const auto held = std::make_shared<const Document>(std::move(document));
    auto records = open_packed_repodata(held->bytes(), held, asked.origin, log_);
    if (!records)
        return fail(ErrorCode::internal, asked.origin.document + ": its packed form cannot be read");
    records->base_url = asked.base_url;  // the index says where packages are, whatever it said before
    return *std::move(records);
}

void ChannelDocuments::put(ChannelArrival arrival) {
    const std::lock_guard lock(mutex_);
    arrivals_.push_back(std::move(arrival));
    arrived_.notify_all();
}

ChannelArrival ChannelDocuments::wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !arrivals_.empty(); });
    ChannelArrival arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    --pending_;
    return arrival;
}

}  // namespace aimlock
