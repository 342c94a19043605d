#pragma once

// Inner header of transfer.cpp and transfer_job.cpp: one GET on its easy handle. Not for others: it includes
// curl.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "fetch/transfer.hpp"

namespace aimlock::transfer {

using Clock = std::chrono::steady_clock;

// curl declares CURL and CURLM both as `void`, so the compiler cannot tell them apart: one deleter type each.
struct EasyFree {
    void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};
struct MultiFree {
    void operator()(CURLM* multi) const noexcept { ::curl_multi_cleanup(multi); }
};
struct ShareFree {
    void operator()(CURLSH* share) const noexcept { ::curl_share_cleanup(share); }
};
struct ListFree {
    void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyFree>;

/// What all easy handles have in common.
struct Surroundings {
    TransferOptions options;
    const Credentials* credentials = nullptr;
    CURLSH* share = nullptr;
    Result<std::string> bundle;
    std::string certificate_folder;
};

/// One request with its tries. While it runs, curl holds pointers into it: it does not move.
struct Job {
    HttpRequest request;
    Transfer::Done done;
    HttpResponse response;
    unsigned tries = 0;
    Clock::time_point not_before{};
    Clock::time_point last_activity{};
    bool on_the_wire = false;         ///< a connection was given to it
    std::optional<Error> stopped_by;  ///< by the sink or the cap; not tried again
    bool stalled = false;
    Easy easy;
    std::unique_ptr<curl_slist, ListFree> headers;
    std::array<char, CURL_ERROR_SIZE> message{};

    /// Makes the easy handle ready for the next try.
    void prepare(const Surroundings& around);
};

/// What comes of a finished try.
struct Verdict {
    std::optional<Error> error;  ///< none: the response is the answer
    bool retry = false;
    std::chrono::milliseconds after{0};  ///< at least, before the retry
};
Verdict judge(Job& job, CURLcode code, const TransferOptions& options);

}  // namespace aimlock::transfer
