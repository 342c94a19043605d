// The lower bound for any client of an index: all documents are known and asked for at once.
//
//     all_at_once CA_BUNDLE CONNECTIONS < URLS
//
// One thread transfers over HTTP/2, one inflates and parses: pages with simdjson, of METADATA the
// requirements are counted. Nothing is solved and nothing is written. Prints one JSON line: seconds, CPU
// seconds, requests, bytes received, peak MB.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>
#include <libdeflate.h>
#include <simdjson.h>
#include <sys/resource.h>

namespace {

struct Document {
    std::string url, body;
};

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* document) {
    static_cast<Document*>(document)->body.append(bytes, size * count);
    return size * count;
}

/// Inflates and parses what is handed to it, on a thread of its own.
class Parser {
public:
    ~Parser() { libdeflate_free_decompressor(inflater_); }

    void hand_over(Document* document) {
        const std::scoped_lock lock(mutex_);
        waiting_.push_back(document);
        changed_.notify_one();
    }

    void finish() {
        hand_over(nullptr);
        thread_.join();
    }

    std::size_t seen = 0;  ///< files of pages and requirements of METADATA

private:
    void run() {
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty(); });
            Document* document = waiting_.front();
            waiting_.pop_front();
            lock.unlock();
            if (document == nullptr) return;
            read(*document);
            document->body = {};
        }
    }

    void read(const Document& document) {
        const std::string& body = document.body;
        std::size_t size = body.size();
        const bool packed = size > 18 && body[0] == '\x1f' && body[1] == '\x8b';
        if (packed) {
            std::uint32_t inflated = 0;
            std::memcpy(&inflated, body.data() + size - sizeof inflated, sizeof inflated);
            size = inflated;
        }
        text_.resize(std::max(text_.size(), size + simdjson::SIMDJSON_PADDING));
        if (!packed) std::memcpy(text_.data(), body.data(), size);
        if (packed && libdeflate_gzip_decompress(inflater_, body.data(), body.size(), text_.data(), size,
                                                 &size) != LIBDEFLATE_SUCCESS)
            std::exit(1);
        if (document.url.ends_with(".metadata"))
            count_requirements(size);
        else
            count_files(size);
    }

    void count_files(std::size_t size) {
        simdjson::ondemand::document page;
        simdjson::ondemand::array files;
        if (json_.iterate(text_.data(), size, text_.size()).get(page) || page["files"].get(files))
            std::exit(1);
        for (auto file : files) {
            std::string_view name;
            if (!file["filename"].get(name)) ++seen;
        }
    }

    void count_requirements(std::size_t size) {
        const std::string_view text(text_.data(), size);
        for (std::size_t at = 0; (at = text.find("\nRequires-Dist:", at)) != std::string_view::npos; ++at)
            ++seen;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Document*> waiting_;
    std::string text_;
    simdjson::ondemand::parser json_;
    libdeflate_decompressor* inflater_ = libdeflate_alloc_decompressor();
    std::thread thread_{[this] { run(); }};
};

CURL* transfer(Document& document, const char* bundle, curl_slist* headers, CURLSH* shared) {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, document.url.c_str());
    curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
    curl_easy_setopt(easy, CURLOPT_SHARE, shared);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &document);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &document);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
    return easy;
}

double cpu_seconds(const rusage& usage) {
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::vector<std::unique_ptr<Document>> documents;
    for (std::string url; std::getline(std::cin, url);)
        documents.push_back(std::make_unique<Document>(Document{url, {}}));

    const auto begin = std::chrono::steady_clock::now();
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM* multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, std::atol(argv[2]));
    curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 256L);
    CURLSH* shared = curl_share_init();
    curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_slist* headers = curl_slist_append(nullptr, "Accept-Encoding: gzip");
    headers = curl_slist_append(headers, "Accept: application/vnd.pypi.simple.v1+json, */*;q=0.1");
    for (const auto& document : documents)
        curl_multi_add_handle(multi, transfer(*document, argv[1], headers, shared));

    Parser parser;
    std::size_t done = 0;
    curl_off_t bytes = 0;
    while (done < documents.size()) {
        int running = 0;
        int left = 0;
        curl_multi_perform(multi, &running);
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            Document* document = nullptr;
            long status = 0;
            curl_off_t size = 0;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &document);
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
            curl_easy_getinfo(message->easy_handle, CURLINFO_SIZE_DOWNLOAD_T, &size);
            if (message->data.result != CURLE_OK || status != 200) {
                std::fprintf(stderr, "%s: %s, status %ld\n", document->url.c_str(),
                             curl_easy_strerror(message->data.result), status);
                return 1;
            }
            bytes += size;
            ++done;
            parser.hand_over(document);
        }
        if (done < documents.size()) curl_multi_poll(multi, nullptr, 0, 200, nullptr);
    }
    parser.finish();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(R"({"wall_s":%.4f,"cpu_s":%.4f,"requests":%zu,"bytes":%lld,"peak_mb":%.1f,"seen":%zu})"
                "\n",
                wall.count(), cpu_seconds(usage), done, static_cast<long long>(bytes),
                static_cast<double>(usage.ru_maxrss) / 1024, parser.seen);
}
