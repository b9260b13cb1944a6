<?php
// An application's calls of its vendors, which does not know Mirra: clients.php NAME
// makes one object and prints its id.
const AT = 'https://api.stripe.com/v1/customers';
const KEY = 'sk_test_dropin1234567890';

function by_curl(array $options): string|false {
    $c = curl_init(AT);
    curl_setopt_array($c, $options + [CURLOPT_RETURNTRANSFER => true, CURLOPT_USERPWD => KEY . ':', CURLOPT_POSTFIELDS => 'name=php']);
    return curl_exec($c);
}

$text = match ($argv[1]) {
    'curl' => by_curl([]),
    'curl with a bundle of its own' => by_curl([CURLOPT_CAINFO => '/etc/ssl/certs/ca-certificates.crt']), // as stripe-php does
    'streams' => @file_get_contents(AT, false, stream_context_create(['http' => ['method' => 'POST', 'content' => 'name=php', 'header' => 'Authorization: Bearer ' . KEY]])),
};
if ($text === false) exit(1);
echo json_decode($text)->id, "\n";
