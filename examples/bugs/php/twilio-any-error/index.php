<?php
// Texts tenants that the heating is off.

function create(string $to, string $body): array
{
    $sid = getenv('TWILIO_ACCOUNT_SID') ?: 'AC0123456789abcdef0123456789abcdef';
    $curl = curl_init("https://api.twilio.com/2010-04-01/Accounts/$sid/Messages.json");
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_USERPWD => $sid . ':' . (getenv('TWILIO_AUTH_TOKEN') ?: 'secret'),
        CURLOPT_POSTFIELDS => http_build_query(['From' => getenv('TWILIO_NUMBER') ?: '+15555550123', 'To' => $to, 'Body' => $body]),
    ]);
    $answer = (string) curl_exec($curl);
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $answer];
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST' || parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/notify') {
    http_response_code(404);
    exit;
}
for ($pause = 1.5, $attempt = 1; ; $pause *= 2, $attempt++) {
    [$status, $answer] = create($_POST['to'] ?? '', $_POST['body'] ?? 'The heating is off today.');
    if ($status < 400 || $attempt === 4) {
        break;
    }
    usleep((int) ($pause * 1e6));
}
http_response_code($status < 400 ? 202 : 502);
header('Content-Type: application/json');
echo $answer;
